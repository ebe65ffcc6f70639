import { assertEquals, assertStringIncludes } from "@std/assert";
import { sysfsState, sysfsStrings } from "./sysfs.ts";
import { fakeInfo } from "./testing/fake_libusb.ts";

async function withSysfs(files: Readonly<Record<string, string>>, test: (root: string) => void): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(`${root}/${path.replace(/\/[^/]*$/, "")}`, { recursive: true });
      await Deno.writeTextFile(`${root}/${path}`, `${text}\n`);
    }
    test(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

// Interface folders have a colon in their names, which Windows does not allow.
const ignore = Deno.build.os === "windows";

Deno.test("sysfsStrings() gives up where there is no sysfs, or it is about another device", async () => {
  assertEquals(sysfsStrings(fakeInfo(), "/nonexistent"), undefined);
  await withSysfs({ "1-1/idVendor": "1234" }, (root) => assertEquals(sysfsStrings(fakeInfo(), root), undefined));
  assertEquals(sysfsStrings(fakeInfo({ ports: [] })), undefined);
});

Deno.test({
  name: "sysfsStrings() gives up when an interface's name has to be asked for",
  ignore,
  fn: () => withSysfs({ "1-1/idVendor": "0d28" }, (root) => assertEquals(sysfsStrings(fakeInfo(), root), undefined)),
});

Deno.test({
  name: "sysfsStrings() reads what the kernel has read; what a device lacks is empty",
  ignore,
  fn: () =>
    withSysfs({
      "1-1.4/idVendor": "0d28",
      "1-1.4/product": "DAPLink CMSIS-DAP",
      "1-1.4/bConfigurationValue": "2",
      "1-1.4/1-1.4:2.0/interface": "CMSIS-DAP v2",
    }, (root) =>
      assertEquals(sysfsStrings(fakeInfo({ ports: [1, 4] }), root), {
        manufacturer: "",
        product: "DAPLink CMSIS-DAP",
        serial: "",
        interfaces: new Map([[0, "CMSIS-DAP v2"]]),
      })),
});

const INTERFACE = "1-1/1-1:1.0";
const HID = `${INTERFACE}/0003:0D28:0204.0001`;

Deno.test("sysfsState() knows nothing where there is no sysfs, or no HID device", async () => {
  assertEquals(sysfsState(fakeInfo(), 0, false, "/nonexistent"), {});
  await withSysfs({ "1-1/idVendor": "0d28" }, (root) => assertEquals(sysfsState(fakeInfo(), 0, false, root), {}));
});

Deno.test({
  name: "sysfsState() reads the report descriptor that the kernel has read",
  ignore,
  fn: () =>
    withSysfs({ "1-1/idVendor": "0d28", [`${HID}/report_descriptor`]: "AB" }, (root) => {
      assertEquals(sysfsState(fakeInfo(), 0, false, root).report, new TextEncoder().encode("AB\n"));
      assertEquals(sysfsState(fakeInfo(), 1, false, root), {});
    }),
});

Deno.test({
  name: "sysfsState() sees that a program has claimed the interface",
  ignore,
  fn: () =>
    withSysfs({ "1-1/idVendor": "0d28", [`${INTERFACE}/interface`]: "" }, (root) => {
      Deno.symlinkSync("../../../../bus/usb/drivers/usbhid", `${root}/${INTERFACE}/driver`);
      assertEquals(sysfsState(fakeInfo(), 0, false, root), {});
      Deno.removeSync(`${root}/${INTERFACE}/driver`);
      Deno.symlinkSync("../../../../bus/usb/drivers/usbfs", `${root}/${INTERFACE}/driver`);
      const { busy } = sysfsState(fakeInfo(), 0, false, root, "/nonexistent");
      assertEquals([busy?.failure, busy?.exitCode], ["busy", 3]);
      assertStringIncludes(busy?.message ?? "", "Cannot claim interface 0 of 0d28:0204");
      assertStringIncludes(busy?.hint ?? "", "Close the other program");
    }),
});

Deno.test({
  name: "sysfsState() sees that a program has the HID device open, and which",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withSysfs({ "1-1/idVendor": "0d28", [`${HID}/hidraw/hidraw3/dev`]: "1:2", "proc/77/comm": "openocd" }, (root) => {
      const proc = `${root}/proc`;
      assertEquals(sysfsState(fakeInfo(), 0, true, root, proc), {});
      Deno.mkdirSync(`${proc}/77/fd`);
      Deno.symlinkSync("/dev/hidraw3", `${proc}/77/fd/5`);
      assertEquals(sysfsState(fakeInfo(), 0, true, root, proc).busy?.hint, "Close openocd (process 77)");
      assertEquals(sysfsState(fakeInfo(), 0, false, root, proc), {});
    }),
});
