import { assertEquals, assertThrows } from "@std/assert";
import { ProbeError, UsageError } from "../base/errors.ts";
import type { ProbeDriver, ProbeInfo } from "./probe.ts";
import { matchingProbes, parseProbeQuery, selectProbe } from "./select.ts";

const driver = (name: string): ProbeDriver => ({
  name,
  description: "",
  enumerable: true,
  list: () => Promise.resolve([]),
  open: () => Promise.reject(new ProbeError("Cannot open")),
});
const drivers = ["cmsisdap", "stlink", "sim"].map(driver);
const probe = (uniqueId: string): ProbeInfo => ({
  driver: "cmsisdap",
  uniqueId,
  description: "DAPLink",
  vendor: "Arm",
});

Deno.test("parseProbeQuery() names near kinds for one it does not know", () => {
  assertEquals(assertThrows(() => parseProbeQuery("stlnk:1", drivers), UsageError).hint, "Near names: stlink");
  assertEquals(
    assertThrows(() => parseProbeQuery("zzzzzz:1", drivers), UsageError).hint,
    "Kinds of probes: cmsisdap, stlink, sim",
  );
});

Deno.test("parseProbeQuery() takes the driver off whatever its case, and leaves further colons", () => {
  assertEquals(parseProbeQuery("SIM:a:b", drivers), { driver: drivers[2], id: "a:b" });
  assertEquals(parseProbeQuery("0240", drivers), { driver: undefined, id: "0240" });
});

Deno.test("selectProbe() says what is connected when nothing matches, and lists what is ambiguous", () => {
  const probes = [probe("02400001"), probe("02400002")];
  assertThrows(() => selectProbe("", []), ProbeError, "none is connected");
  assertEquals(assertThrows(() => selectProbe("99", probes), ProbeError).hint, "Connected: 02400001, 02400002");
  const error = assertThrows(() => selectProbe("0240", probes), UsageError, "02400001 (Arm DAPLink), 02400002");
  assertEquals(error.code, "ambiguous-probe");
});

Deno.test("matchingProbes() prefers the exact ID to those that contain it", () => {
  const probes = [probe("ab"), probe("ABC"), probe("xabx")];
  assertEquals(matchingProbes("ab", probes), [probes[0]!]);
  assertEquals(matchingProbes("AB", probes).length, 3);
  assertEquals(selectProbe("bc", probes), probes[1]!);
});

Deno.test("parseProbeQuery() says that pyOCD's other kinds of probes have no driver here", () => {
  assertThrows(
    () => parseProbeQuery("jlink:123", drivers),
    UsageError,
    "this version of Tapir has no driver for J-Link",
  );
});
