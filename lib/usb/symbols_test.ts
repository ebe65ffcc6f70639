import { assertEquals } from "@std/assert";
import { viewOf } from "../base/bytes.ts";
import { timeval } from "./symbols.ts";

Deno.test("timeval() splits milliseconds into seconds and microseconds, as wide as the system has them", () => {
  for (const os of ["linux", "darwin"]) {
    const view = viewOf(timeval(2345.5, os));
    assertEquals([view.getBigInt64(0, true), view.getBigInt64(8, true)], [2n, 345500n]);
  }
  const view = viewOf(timeval(2345.5, "windows"));
  assertEquals([view.getInt32(0, true), view.getInt32(4, true)], [2, 345500]);
});
