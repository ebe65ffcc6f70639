import { assertEquals } from "@std/assert";
import { atLeast, parseVersion, type ProtocolVersion } from "./version.ts";

Deno.test("parseVersion() never fails", () => {
  const fallback: ProtocolVersion = [9, 9, 9];
  const cases: [string | undefined, ProtocolVersion][] = [
    [undefined, fallback],
    ["", fallback],
    ["weird", fallback],
    ["7.1.0", fallback],
    ["0254", [2, 0, 0]],
    ["0255", [2, 0, 0]],
    ["0.02", [1, 0, 0]],
    ["1.0", [1, 0, 0]],
    ["1.10", [1, 1, 0]],
    ["1.2.0", [1, 2, 0]],
    ["2.1.1", [2, 1, 1]],
    ["v2.0.0-beta", [2, 0, 0]],
  ];
  for (const [text, version] of cases) assertEquals(parseVersion(text, fallback), version);
});

Deno.test("atLeast() compares number by number", () => {
  assertEquals(atLeast([1, 3, 0], [2, 0, 0]), false);
  assertEquals(atLeast([2, 0, 0], [1, 3, 0]), true);
  assertEquals(atLeast([2, 1, 0], [2, 1, 0]), true);
});
