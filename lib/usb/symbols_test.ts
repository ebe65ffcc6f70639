import { assertEquals } from "@std/assert";
import { viewOf } from "../base/bytes.ts";
import { timeval } from "./symbols.ts";

Deno.test("timeval() splits milliseconds into seconds and microseconds", () => {
  const view = viewOf(timeval(2345.5));
  const [seconds, micros] = Deno.build.os === "windows"
    ? [view.getInt32(0, true), view.getInt32(4, true)]
    : [Number(view.getBigInt64(0, true)), view.getInt32(8, true)];
  assertEquals([seconds, micros], [2, 345500]);
});
