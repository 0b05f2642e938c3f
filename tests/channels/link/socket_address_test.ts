import { assertEquals } from "@std/assert";
import { isOfThisMachine, networkOf, type SocketAddress } from "../../../channels/link/socket_address.ts";

const at = (hostname: string): SocketAddress => ({ hostname, port: 1 });

Deno.test("only a loopback address and a path are of this machine", () => {
  const near = ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "localhost"];
  const far = ["0.0.0.0", "::", "192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "127.example.com", "example.com"];
  assertEquals([...near, ...far].filter((hostname) => isOfThisMachine(at(hostname))), near);
  assertEquals(isOfThisMachine({ port: 1 }), true);
  assertEquals(isOfThisMachine({ path: "/tmp/s" }), true);
});

Deno.test("one owner's addresses count as one: an IPv4 address however it is written, and the first half of one of IPv6", () => {
  const networks = [
    ["127.0.0.1", "127.0.0.1"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8:1:2::6", "2001:db8:1:2"],
    ["2001:db8::6", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["fe80::", "fe80:0:0:0"],
  ];
  for (const [hostname, network] of networks) assertEquals(networkOf(at(hostname)), network, hostname);
  assertEquals(networkOf({ path: "" }), "");
});
