import { assertEquals } from "@std/assert";
import { sysfsStrings } from "./sysfs.ts";
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
