import { assertEquals } from "@std/assert";
import { simDriver } from "../probe/sim/driver.ts";
import { DRIVERS } from "./drivers.ts";

Deno.test("DRIVERS describes each driver as the driver itself does", () => {
  const listed = DRIVERS.map(({ name, description, enumerable }) => ({ name, description, enumerable }));
  const real = [simDriver].map(({ name, description, enumerable }) => ({ name, description, enumerable }));
  assertEquals(listed, real);
});
