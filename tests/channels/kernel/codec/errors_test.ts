import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { NotSerializableError, ProtocolError, RemoteError } from "../../../../channels/errors.ts";
import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode, encodeThrown } from "../../../../channels/kernel/codec/encode.ts";
import { registerError } from "../../../../channels/kernel/codec/error_classes.ts";
import { assertSame } from "./assert_same.ts";

const sent = <T>(error: T): T => decode(encode(error, "value")) as T;
// deno-lint-ignore no-explicit-any -- the tests look at fields of all kinds
const thrown = (value: unknown): any => decode(encodeThrown(value));

/** Registered below, on "both sides". */
class QuotaError extends RangeError {
  static made = 0;
  used: number;
  #secret = 1;

  constructor(user: { name: string }, used: number) {
    super(`${user.name} is over quota`);
    this.used = used;
    QuotaError.made++;
  }

  get secret(): number {
    return this.#secret;
  }

  get double(): number {
    return 2 * this.used;
  }
}
registerError("test/QuotaError", QuotaError);

class HttpError extends Error {
  override name = "HttpError";
  constructor(message: string, readonly status: number, options?: ErrorOptions) {
    super(message, options);
  }
}

const builtIn = [
  new Error("m"),
  new TypeError("m"),
  new RangeError("m"),
  new SyntaxError("m"),
  new ReferenceError("m"),
  new EvalError("m"),
  new URIError("m"),
  new AggregateError([], "m"),
  new SuppressedError(1, 2, "m"),
  new DOMException("m", "AbortError"),
  new QuotaExceededError("m"),
  ...Object.values(Deno.errors).map((Class) => new Class("m")),
];

Deno.test("errors of built-in classes stay instanceof, with name, message and stack", () => {
  for (const error of builtIn) {
    for (const arrived of [sent<Error>(error), thrown(error)]) {
      assertStrictEquals(Object.getPrototypeOf(arrived), Object.getPrototypeOf(error));
      assertInstanceOf(arrived, Error);
      assert(Error.isError(arrived));
      assertEquals([arrived.name, arrived.message, arrived.stack], [error.name, "m", error.stack]);
      assertEquals(Object.keys(arrived), Object.keys(error));
    }
  }
});

Deno.test("a DOMException keeps the code of its name", () => {
  assertEquals(thrown(new DOMException("m", "AbortError")).code, DOMException.ABORT_ERR);
});

Deno.test("an error keeps its own fields, cause and errors, enumerable or not as they were", () => {
  const error = Object.assign(new AggregateError([new TypeError("a"), 5], "m", { cause: { id: 1 } }), {
    code: "E_FAILED",
    detail: new Map([[1, 2n]]),
  });
  const arrived = sent(error);
  assertEquals(Object.keys(arrived), ["code", "detail"]);
  assertSame([arrived.code, arrived.detail, arrived.cause], ["E_FAILED", new Map([[1, 2n]]), { id: 1 }]);
  assertInstanceOf(arrived.errors[0], TypeError);
  assertEquals(arrived.errors[1], 5);
  assertEquals(Object.hasOwn(sent(new Error("m")), "cause"), false);
  assertEquals(Object.hasOwn(sent(new Error("m", { cause: undefined })), "cause"), true);
  const { error: inner, suppressed } = sent(new SuppressedError("x", "y"));
  assertEquals([inner, suppressed], ["x", "y"]);
});

Deno.test("a name that was set on the error itself is kept, and an empty message stays empty", () => {
  const error = new TypeError();
  error.name = "Mine";
  const arrived = sent(error);
  assertInstanceOf(arrived, TypeError);
  assertEquals([arrived.name, arrived.message, Object.hasOwn(arrived, "message")], ["Mine", "", false]);
});

Deno.test("an error without a stack arrives with one that says what it was", () => {
  const error = new TypeError("m");
  Object.defineProperty(error, "stack", { value: undefined });
  assertEquals(sent(error).stack, "TypeError: m");
});

Deno.test("a field named __proto__ is a field, and does not change the error's class", () => {
  const error = Object.defineProperty(new Error("m"), "__proto__", { value: { polluted: 1 }, enumerable: true });
  const arrived = sent(error);
  assertStrictEquals(Object.getPrototypeOf(arrived), Error.prototype);
  assertEquals(Object.getOwnPropertyDescriptor(arrived, "__proto__")?.value, { polluted: 1 });
});

Deno.test("an error of an unknown class arrives as a RemoteError under its own name, with its fields and cause", () => {
  const error = new HttpError("not there", 404, { cause: new HttpError("why", 500) });
  for (const arrived of [decode(encode(error, "value")) as HttpError & RemoteError, thrown(error)]) {
    assertStrictEquals(Object.getPrototypeOf(arrived), RemoteError.prototype);
    assertEquals([arrived.name, arrived.message, arrived.code, arrived.status], [
      "HttpError",
      "not there",
      "remote",
      404,
    ]);
    assertStrictEquals(arrived.stack, error.stack);
    assertInstanceOf(arrived.cause, RemoteError);
    assertEquals([arrived.cause.name, Reflect.get(arrived.cause, "status")], ["HttpError", 500]);
  }
});

Deno.test("a RemoteError has the name of the class where the error has none of its own", () => {
  class Unnamed extends TypeError {}
  class Inherits extends HttpError {}
  class Prototyped extends Error {}
  Prototyped.prototype.name = "FromPrototype";
  assertEquals(thrown(new Unnamed("m")).name, "Unnamed");
  assertEquals(thrown(new Inherits("m", 1)).name, "HttpError");
  assertEquals(thrown(new Prototyped("m")).name, "FromPrototype");
  assertEquals(thrown(new (class extends Error {})("m")).name, "Error");
});

Deno.test("the code of an error of an unknown class is its own if it has one", () => {
  assertEquals(thrown(Object.assign(new HttpError("m", 1), { code: "E_HTTP" })).code, "E_HTTP");
});

Deno.test("a RemoteError that is sent on keeps its name, fields and stack", () => {
  const once = thrown(new HttpError("m", 404));
  const twice = thrown(once);
  assertStrictEquals(Object.getPrototypeOf(twice), RemoteError.prototype);
  assertEquals([twice.name, twice.status, twice.code, twice.stack], ["HttpError", 404, "remote", once.stack]);
});

Deno.test("a registered class arrives as itself, without its constructor having run", () => {
  const error = new QuotaError({ name: "ada" }, 7);
  const made = QuotaError.made;
  const arrived = thrown(error);
  assertInstanceOf(arrived, QuotaError);
  assertInstanceOf(arrived, RangeError);
  assertEquals([arrived.message, arrived.used, arrived.double], ["ada is over quota", 7, 14]);
  assertEquals(QuotaError.made, made);
  assertThrows(() => arrived.secret, TypeError);
});

Deno.test("a class registered on the sending side only arrives as a RemoteError", () => {
  const bytes = encode(new QuotaError({ name: "ada" }, 7), "value");
  const elsewhere = new TextEncoder().encode("test/QuotaError");
  const at = bytes.findIndex((_, i) => elsewhere.every((byte, j) => bytes[i + j] === byte));
  bytes[at] ^= 1;
  const arrived = decode(bytes) as RemoteError;
  assertInstanceOf(arrived, RemoteError);
  assertEquals([arrived.name, Reflect.get(arrived, "used")], ["QuotaError", 7]);
});

Deno.test("registerError() refuses a name or a class that is taken, and takes the same again", () => {
  registerError("test/QuotaError", QuotaError);
  assertThrows(() => registerError("test/QuotaError", HttpError), TypeError, "the name test/QuotaError is taken");
  assertThrows(() => registerError("test/Other", QuotaError), TypeError, "it is registered as test/QuotaError");
  assertThrows(() => registerError("TypeError", HttpError), TypeError);
});

Deno.test("encode() refuses an error with a field that cannot travel; encodeThrown() leaves the field out", () => {
  const error = Object.assign(new HttpError("m", 404, { cause: () => 1 }), { socket: () => 1, list: [1, [Symbol()]] });
  assertEquals(assertThrows(() => encode(error, "value"), NotSerializableError).path, "value.cause");
  const arrived = thrown(error);
  assertEquals([arrived.name, arrived.status, arrived.message], ["HttpError", 404, "m"]);
  assertEquals(["cause" in arrived, "socket" in arrived, "list" in arrived], [false, false, false]);
});

Deno.test("encodeThrown() leaves out only what cannot travel, however deep the error lies", () => {
  const inner = Object.assign(new Error("inner", { cause: new Error("innermost", { cause: Symbol() }) }), {
    f: () => 1,
    n: 1,
  });
  const arrived = thrown({ wrapped: [inner] }).wrapped[0];
  assertEquals([arrived.message, arrived.n, arrived.cause.message], ["inner", 1, "innermost"]);
  assertEquals(["f" in arrived, "cause" in arrived.cause], [false, false]);
});

Deno.test("encodeThrown() replaces what cannot travel among the errors of an AggregateError", () => {
  const hostile = {
    get x() {
      throw new Error("no");
    },
  };
  const arrived = thrown(new AggregateError([new TypeError("a"), [() => 1], hostile, 4], "m"));
  assertInstanceOf(arrived, AggregateError);
  const [first, second, third, fourth] = arrived.errors;
  assertInstanceOf(first, TypeError);
  assertEquals([second.name, second.path, second.kind], ["NotSerializableError", "errors[1][0]", "function"]);
  assertEquals([third.name, third.path], ["NotSerializableError", "errors[2]"]);
  assertEquals(fourth, 4);
});

Deno.test("encodeThrown() counts references right after it left something out", () => {
  const shared = { shared: true };
  const dropped = { inDropped: true };
  const error = Object.assign(new Error("m"), {
    bad: [dropped, shared, () => 1],
    a: shared,
    b: [shared, dropped],
    c: dropped,
  });
  const arrived = thrown(error);
  assertEquals([arrived.a, arrived.b, arrived.c], [shared, [shared, dropped], dropped]);
  assertStrictEquals(arrived.b[0], arrived.a);
  assertStrictEquals(arrived.b[1], arrived.c);
  assertEquals("bad" in arrived, false);
});

Deno.test("encodeThrown() gives any other thrown value as itself", () => {
  for (const value of ["text", 5, undefined, null, { code: 1 }, new Map([[1, 2]])]) assertSame(thrown(value), value);
});

Deno.test("encodeThrown() says so when the thrown value cannot travel", () => {
  const arrived = thrown({ onDone: () => 1 });
  assertInstanceOf(arrived, NotSerializableError);
  assertEquals([arrived.message, arrived.path], [
    "Cannot send thrown.onDone: a function cannot travel",
    "thrown.onDone",
  ]);
  assertInstanceOf(thrown(Symbol("x")), NotSerializableError);
  assertInstanceOf(thrown(() => 1), NotSerializableError);
});

Deno.test("encodeThrown() never throws, whatever reading the thrown value does", () => {
  const fail = () => {
    throw new Proxy({}, { getPrototypeOf: fail, get: fail });
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const { message, stack, name } = { message: { get: fail }, stack: { get: fail }, name: { get: fail } };
  const hostile = [
    {
      get x() {
        return fail();
      },
    },
    new Proxy({}, { getPrototypeOf: fail, ownKeys: fail, get: fail }),
    revoked.proxy,
    Object.defineProperties(new Error("m"), { message, stack, name }),
    new Proxy(new Error("m"), { get: fail, ownKeys: fail }),
    new Proxy(new Error("m"), { getOwnPropertyDescriptor: fail }),
    Object.assign(new Error("m"), { cause: revoked.proxy }),
  ];
  for (const value of hostile) {
    const arrived = thrown(value);
    assertInstanceOf(arrived, Error, Deno.inspect(arrived));
    thrown(new Error("m", { cause: value }));
    thrown(new AggregateError([value]));
  }
});

Deno.test("encodeThrown() cannot be made to take time that grows with the paths through nested errors", () => {
  let error: Error = new AggregateError([() => 1], "bottom");
  for (let i = 0; i < 200; i++) error = new AggregateError([error, () => 1], "m");
  assertEquals(thrown(error).errors[1].kind, "function");
});

Deno.test("what a peer sends cannot choose what code runs: unknown classes, prototypes and getters stay data", () => {
  const text = (content: string) => [0xa0 | content.length, ...new TextEncoder().encode(content)];
  const error = (known: string, ...fields: number[]) => {
    const body = [...text(known), ...text("N"), ...text("m"), 0xc0, ...fields];
    return decode(new Uint8Array([0xc7, body.length, 9, ...body])) as Error;
  };
  for (const name of ["Object", "Function", "constructor", "__proto__", "toString", "HttpError", ""]) {
    assertStrictEquals(Object.getPrototypeOf(error(name)), RemoteError.prototype);
  }
  assertInstanceOf(error("TypeError", 0xc0), TypeError);
  assertThrows(() => error("TypeError", ...text("toString"), 1), ProtocolError);
  assertEquals(Object.keys(error("TypeError", 0xc0, ...text("constructor"), 1)), ["constructor"]);
});
