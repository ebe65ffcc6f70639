import { assertEquals } from "@std/assert";
import { buildDescriptors, type UsbIdentity } from "./descriptors.ts";

const IDENTITY: UsbIdentity = {
  vendorId: 0x0d28,
  productId: 0x0204,
  manufacturer: "T",
  product: "Tapir CMSIS-DAP",
  serial: "1",
  v2: true,
  swo: true,
  v1: true,
  hidOut: true,
};

/** The chain of descriptors in a configuration: type, and for interfaces and endpoints what identifies them. */
function chain(configuration: Uint8Array): string[] {
  const parts: string[] = [];
  for (let at = 0; at < configuration.length; at += configuration[at]!) {
    const [, type, first = 0, second = 0, third = 0, cls = 0] = configuration.subarray(at);
    if (type === 4) parts.push(`interface ${first} class ${cls} endpoints ${third}`);
    else if (type === 5) parts.push(`endpoint ${first.toString(16)} type ${second} size ${third | (cls << 8)}`);
    else parts.push(`descriptor ${type?.toString(16)}`);
  }
  return parts;
}

Deno.test("buildDescriptors() describes both interfaces byte by byte", () => {
  const { device, hid, report, strings } = buildDescriptors(IDENTITY);
  assertEquals(device, Uint8Array.of(18, 1, 0, 2, 0, 0, 0, 64, 0x28, 0x0d, 0x04, 0x02, 0, 1, 1, 2, 3, 1));
  assertEquals(hid, Uint8Array.of(9, 0x21, 0x11, 1, 0, 1, 0x22, report.length, 0));
  assertEquals(strings[0], Uint8Array.of(4, 3, 9, 4));
  assertEquals(strings[1], Uint8Array.of(4, 3, 0x54, 0));
});

Deno.test("buildDescriptors() leaves out what a probe does not have", () => {
  const all = [
    "descriptor 2",
    "interface 0 class 255 endpoints 3",
    "endpoint 1 type 2 size 512",
    "endpoint 81 type 2 size 512",
    "endpoint 83 type 2 size 512",
    "interface 1 class 3 endpoints 2",
    "descriptor 21",
    "endpoint 82 type 3 size 64",
    "endpoint 2 type 3 size 64",
  ];
  assertEquals(chain(buildDescriptors(IDENTITY).configuration), all);
  assertEquals(chain(buildDescriptors({ ...IDENTITY, v1: false, swo: false }).configuration), [
    "descriptor 2",
    "interface 0 class 255 endpoints 2",
    ...all.slice(2, 4),
  ]);
  const hidOnly = buildDescriptors({ ...IDENTITY, v2: false, hidOut: false, serial: "" });
  assertEquals(chain(hidOnly.configuration), [
    "descriptor 2",
    "interface 0 class 3 endpoints 1",
    "descriptor 21",
    "endpoint 82 type 3 size 64",
  ]);
  assertEquals([hidOnly.v1Interface, hidOnly.v2Interface, hidOnly.device[16]], [0, undefined, 0]);
});

Deno.test("buildDescriptors() tells the length of the configuration and its number of interfaces", () => {
  for (const changes of [{}, { v1: false }, { v2: false }]) {
    const { configuration } = buildDescriptors({ ...IDENTITY, ...changes });
    const interfaces = chain(configuration).filter((part) => part.startsWith("interface")).length;
    assertEquals([configuration[2]! | (configuration[3]! << 8), configuration[4]], [configuration.length, interfaces]);
  }
});
