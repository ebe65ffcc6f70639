import { assertEquals, assertThrows } from "@std/assert";
import { PackError } from "../base/errors.ts";
import { findDevice, matchDevices, nearNames } from "./find.ts";

const named = (...names: string[]) => names.map((name) => ({ name }));
const DEVICES = named(
  "STM32F407VGTx",
  "STM32F407VETx",
  "STM32F407ZGTx",
  "nRF52840_xxAA",
  "MIMXRT1062xxxxA",
  "LPC55S36",
);

Deno.test("findDevice() lists the candidates when several fit", () => {
  const devices = named("STM32L475VGTx", "STM32L475VGYx");
  const error = assertThrows(() => findDevice("stm32l475vg", devices), PackError);
  assertEquals(error.message, "Cannot tell which device stm32l475vg means: STM32L475VGTx, STM32L475VGYx");
  assertEquals(error.code, "ambiguous-device");
});

Deno.test("findDevice() names similar devices when none fits", () => {
  const error = assertThrows(() => findDevice("STM32F407VC", DEVICES), PackError);
  assertEquals(
    error.message,
    "Cannot find device STM32F407VC; similar names: STM32F407VETx, STM32F407VGTx, STM32F407ZGTx",
  );
  assertThrows(() => findDevice("zzz", DEVICES), PackError, "Cannot find device zzz");
  assertThrows(() => findDevice("", []), PackError, "Cannot find device");
});

Deno.test("matchDevices() takes names as people type them", () => {
  const found = (typed: string) => matchDevices(typed, DEVICES).map((device) => device.name);
  assertEquals(found("STM32F407VGTx"), ["STM32F407VGTx"]);
  assertEquals(found("stm32f407vgtx"), ["STM32F407VGTx"]);
  assertEquals(found("STM32F407VGT6"), ["STM32F407VGTx"]);
  assertEquals(found("STM32F407VG"), ["STM32F407VGTx"]);
  assertEquals(found("nrf52840"), ["nRF52840_xxAA"]);
  assertEquals(found("nRF52840-xxaa"), ["nRF52840_xxAA"]);
  assertEquals(found(" LPC55S36 "), ["LPC55S36"]);
  assertEquals(found("mimxrt1062dvl6a"), ["MIMXRT1062xxxxA"]);
});

Deno.test("matchDevices() takes a capital X of a name for a letter, and a small one for any", () => {
  const devices = named("STM32H743XIHx", "STM32H743ZITx", "MK64FN1M0xxx12");
  const found = (typed: string) => matchDevices(typed, devices).map((device) => device.name);
  assertEquals(found("stm32h743zi"), ["STM32H743ZITx"]);
  assertEquals(found("STM32H743XI"), ["STM32H743XIHx"]);
  assertEquals(found("stm32h743xx"), ["STM32H743XIHx", "STM32H743ZITx"]);
  assertEquals(found("MK64FN1M0VLL12"), ["MK64FN1M0xxx12"]);
});

Deno.test("matchDevices() takes full part numbers, but not those of another chip", () => {
  const devices = named("STM32F103C8", "STM32F103CB", "STM32F429ZITx", "LPC1768", "ATSAME54P20A");
  const found = (typed: string) => matchDevices(typed, devices).map((device) => device.name);
  assertEquals(found("stm32f103c8t6"), ["STM32F103C8"]);
  assertEquals(found("STM32F103CBT6TR"), ["STM32F103CB"]);
  assertEquals(found("STM32F429ZIT6U"), ["STM32F429ZITx"]);
  assertEquals(found("ATSAME54P20A-AU"), ["ATSAME54P20A"]);
  assertEquals(found("STM32F103C82"), []);
  assertEquals(found("STM32F103C8F128"), []);
  assertEquals(found("LPC1768X"), []);
});

Deno.test("matchDevices() takes the device that others are variants of", () => {
  const devices = ["LPC55S69JBD100", "LPC55S69JEV98"].map((name) => ({ name, deviceName: "LPC55S69" }));
  assertEquals(matchDevices("lpc55s69", devices), devices);
  assertEquals(matchDevices("lpc55s69jev98", devices), devices.slice(1));
});

Deno.test("matchDevices() does not take a family for a device", () => {
  assertEquals(matchDevices("STM32F40", DEVICES), []);
  assertEquals(matchDevices("LPC55", DEVICES), []);
  assertEquals(matchDevices("LPC55S3", DEVICES), []);
  assertEquals(matchDevices("nrf5284", DEVICES), []);
});

Deno.test("nearNames() puts what contains the text first", () => {
  assertEquals(nearNames("52840", DEVICES), ["nRF52840_xxAA"]);
  assertEquals(nearNames("STM32F4", DEVICES, 1), ["STM32F407VETx"]);
});

Deno.test("findDevice() takes the first of several that are the same chip, and asks when they are not", () => {
  const devices = [{ name: "STM32F072RBTx", flash: 128 }, { name: "STM32F072RBHx", flash: 128 }];
  const isSame = (a: { flash: number }, b: { flash: number }): boolean => a.flash === b.flash;
  assertEquals(findDevice("STM32F072RB", devices, isSame).name, "STM32F072RBTx");
  assertThrows(
    () => findDevice("STM32F072RB", [...devices, { name: "STM32F072RBIx", flash: 64 }], isSame),
    PackError,
    "STM32F072RBIx",
  );
});
