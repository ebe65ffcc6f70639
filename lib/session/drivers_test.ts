import { assertEquals } from "@std/assert";
import { cmsisDapUsbDriver } from "../probe/cmsis_dap/usb_driver.ts";
import { simDriver } from "../probe/sim/driver.ts";
import { DRIVERS } from "./drivers.ts";

Deno.test("DRIVERS describes each driver as the driver itself does", () => {
  const listed = DRIVERS.map(({ name, description, enumerable }) => ({ name, description, enumerable }));
  const real = [cmsisDapUsbDriver(), simDriver].map(({ name, description, enumerable }) => ({
    name,
    description,
    enumerable,
  }));
  assertEquals(listed, real);
});
