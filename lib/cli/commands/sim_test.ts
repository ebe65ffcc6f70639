import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../base/errors.ts";
import { socketAddress } from "./sim.ts";

Deno.test("socketAddress() names the way that works on Windows", () => {
  const error = assertThrows(() => socketAddress("C:\\probe.sock", "windows"), UsageError, "do not work on Windows");
  assertStringIncludes(error.hint ?? "", "--usbip");
  for (const os of ["linux", "darwin"]) assertEquals(socketAddress("/tmp/a.sock", os), { path: "/tmp/a.sock" });
});
