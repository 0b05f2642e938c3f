/** Random operations on a shared dict, list and set, against a Map, an array and a Set that do the same. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { assertNothingLeft } from "../../../actors/testing.ts";
import { keyOfText, textOfKey } from "../../../actors/manager/key.ts";
import { type Key, manage, type Manager, type SharedDict, type SharedList, type SharedSet } from "../../../mod.ts";

/** What one operation gives from the shared object, and what from the model. */
type Operation<S, M> = (shared: S, model: M) => Promise<readonly [found: unknown, expected: unknown]>;

type DictOperation = Operation<SharedDict<Key, unknown>, Map<Key, unknown>>;
type ListOperation = Operation<SharedList<unknown>, unknown[]>;
type SetOperation = Operation<SharedSet<Key>, Set<Key>>;

const key: fc.Arbitrary<Key> = fc.oneof(
  fc.constantFrom<Key>("a", "b", 0, -0, 1, "1", 1n, NaN, true, null, undefined),
  fc.string({ unit: "binary", maxLength: 3 }),
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer(),
  fc.string({ maxLength: 5 }),
  fc.constantFrom<unknown>(null, undefined, [1, { a: [] }], { b: 2n }),
);

const dictOperations: fc.Arbitrary<DictOperation> = fc.oneof(
  fc.tuple(key, value).map<DictOperation>(
    ([k, v]) => async (shared, model) => [await shared.set(k, v), void model.set(k, v)],
  ),
  key.map<DictOperation>((k) => async (shared, model) => [await shared.get(k), model.get(k)]),
  key.map<DictOperation>((k) => async (shared, model) => [await shared.has(k), model.has(k)]),
  key.map<DictOperation>((k) => async (shared, model) => [await shared.delete(k), model.delete(k)]),
  key.map<DictOperation>((k) => async (shared, model) => {
    const expected = model.get(k);
    model.delete(k);
    return [await shared.pop(k), expected];
  }),
  fc.tuple(key, value).map<DictOperation>(([k, v]) => async (shared, model) => {
    if (!model.has(k)) model.set(k, v);
    return [await shared.setDefault(k, v), model.get(k)];
  }),
  fc.tuple(key, value).map<DictOperation>(([k, v]) => async (shared, model) => {
    const next = (old: unknown) => [old, v].slice(-1)[0];
    model.set(k, next(model.get(k)));
    return [await shared.update(k, next), model.get(k)];
  }),
  fc.constant<DictOperation>(async (shared, model) => [await shared.size(), model.size]),
  fc.constant<DictOperation>(async (shared, model) => [await shared.keys(), [...model.keys()]]),
  fc.constant<DictOperation>(async (shared, model) => [await shared.values(), [...model.values()]]),
  fc.constant<DictOperation>(async (shared, model) => [await shared.clear(), model.clear()]),
);

const index = fc.integer({ min: -6, max: 6 });
const listOperations: fc.Arbitrary<ListOperation> = fc.oneof(
  value.map<ListOperation>((v) => async (shared, model) => [await shared.push(v), model.push(v)]),
  fc.array(value, { maxLength: 3 }).map<ListOperation>(
    (vs) => async (shared, model) => [await shared.extend(vs), model.push(...vs)],
  ),
  index.map<ListOperation>((i) => async (shared, model) => [await shared.get(i), model.at(i)]),
  fc.tuple(index, value).map<ListOperation>(([i, v]) => async (shared, model) => {
    const at = i < 0 ? i + model.length : i;
    const inside = at in model;
    if (inside) model[at] = v;
    return [await shared.set(i, v).then(() => true, (error) => !(error instanceof RangeError)), inside];
  }),
  fc.tuple(index, value).map<ListOperation>(([i, v]) => async (shared, model) => {
    model.splice(i, 0, v);
    return [await shared.insert(i, v), model.length];
  }),
  index.map<ListOperation>((i) => async (shared, model) => {
    const expected = model.at(i);
    if (model.length > 0 && i >= -model.length && i < model.length) model.splice(i, 1);
    return [await shared.pop(i), expected];
  }),
  fc.integer().map<ListOperation>((v) => async (shared, model) => [await shared.indexOf(v), model.indexOf(v)]),
  fc.integer().map<ListOperation>((v) => async (shared, model) => {
    const at = model.indexOf(v);
    if (at >= 0) model.splice(at, 1);
    return [await shared.remove(v), at >= 0];
  }),
  fc.tuple(index, index).map<ListOperation>(
    ([a, b]) => async (shared, model) => [await shared.slice(a, b), model.slice(a, b)],
  ),
  fc.constant<ListOperation>(async (shared, model) => [await shared.reverse(), void model.reverse()]),
  fc.constant<ListOperation>(async (shared, model) => {
    // What has no order in common is refused, and stays as it is.
    const kinds = new Set(model.map((item) => typeof item));
    const sortable = kinds.size === 0 || kinds.size === 1 && (kinds.has("number") || kinds.has("string"));
    const less = (a: unknown, b: unknown) => (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
    if (sortable) model.sort(less);
    return [await shared.sort().then(() => true, (error) => !(error instanceof TypeError)), sortable];
  }),
  fc.constant<ListOperation>(async (shared, model) => [await shared.clear(), void (model.length = 0)]),
);

const setOperations: fc.Arbitrary<SetOperation> = fc.oneof(
  key.map<SetOperation>((k) => async (shared, model) => [await shared.add(k), !model.has(k) && !!model.add(k)]),
  key.map<SetOperation>((k) => async (shared, model) => [await shared.has(k), model.has(k)]),
  key.map<SetOperation>((k) => async (shared, model) => [await shared.delete(k), model.delete(k)]),
  fc.constant<SetOperation>(async (shared, model) => [await shared.size(), model.size]),
  fc.constant<SetOperation>(async (shared, model) => [await shared.values(), [...model]]),
  fc.constant<SetOperation>(async (shared, model) => [await shared.clear(), model.clear()]),
);

for (const stored of [false, true]) {
  Deno.test(`dicts, lists and sets ${stored ? "on disk " : ""}do what a Map, an array and a Set do`, async () => {
    const folder = Deno.makeTempDirSync({ prefix: "troupe-test-" });
    const store = stored ? `${folder}/state.db` : undefined;
    const runs = { numRuns: stored ? 15 : 150 };
    const manager = await manage({}, { placement: "inline", store });
    const options = () => stored ? { name: crypto.randomUUID() } : {};
    const kept: ((reopened: Manager) => Promise<void>)[] = [];
    const plays = async <S, M>(shared: S, model: M, operations: readonly Operation<S, M>[]) => {
      for (const operation of operations) {
        const [found, expected] = await operation(shared, model);
        assertEquals(found, expected);
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.array(dictOperations, { maxLength: 40 }), async (operations) => {
        const [at, model] = [options(), new Map<Key, unknown>()];
        const dict = await manager.dict<Key, unknown>(at);
        await plays(dict, model, operations);
        assertEquals(await dict.snapshot(), model);
        kept.push(async (reopened) => assertEquals(await (await reopened.dict(at)).snapshot(), model));
      }),
      runs,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(listOperations, { maxLength: 40 }), async (operations) => {
        const [at, model]: [object, unknown[]] = [options(), []];
        const list = await manager.list<unknown>(at);
        await plays(list, model, operations);
        assertEquals(await list.snapshot(), model);
        kept.push(async (reopened) => assertEquals(await (await reopened.list(at)).snapshot(), model));
      }),
      runs,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(setOperations, { maxLength: 40 }), async (operations) => {
        const [at, model] = [options(), new Set<Key>()];
        const set = await manager.set<Key>(at);
        await plays(set, model, operations);
        assertEquals(await set.snapshot(), model);
        kept.push(async (reopened) => assertEquals(await (await reopened.set(at)).snapshot(), model));
      }),
      runs,
    );
    await manager.stop();
    if (stored) {
      const reopened = await manage({}, { placement: "inline", store });
      for (const check of kept) await check(reopened);
      await reopened.stop();
    }
    Deno.removeSync(folder, { recursive: true });
    assertNothingLeft();
  });
}

Deno.test("a key's text is its own, and says which key it is", () => {
  const anyKey = fc.letrec<{ key: Key }>((tie) => ({
    key: fc.oneof({ depthSize: "small" }, key, fc.double(), fc.bigInt(), fc.array(tie("key"), { maxLength: 3 })),
  })).key;
  const same = (a: Key, b: Key): boolean =>
    Array.isArray(a) && Array.isArray(b)
      ? a.length === b.length && a.every((item, at) => same(item, b[at]))
      : new Set([a]).has(b);
  fc.assert(
    fc.property(anyKey, anyKey, (a, b) => {
      const text = textOfKey("test", a);
      if (!same(keyOfText(text), a)) throw new Error(`${text} is another key`);
      assertEquals(text === textOfKey("test", b), same(a, b));
    }),
    { numRuns: 1000 },
  );
});
