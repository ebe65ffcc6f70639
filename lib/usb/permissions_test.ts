import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { libusbError } from "./failures.ts";
import { accessHint, busyHint, deviceHolders, diagnoseSystem, wslHint } from "./permissions.ts";
import { fakeInfo } from "./testing/fake_libusb.ts";

const LINUX = { os: "linux", wsl: false };

/** A `/proc` with processes that have device files open. */
async function withProc(
  processes: Readonly<Record<string, { readonly comm?: string; readonly links: readonly string[] }>>,
  test: (proc: string) => void,
): Promise<void> {
  const proc = await Deno.makeTempDir();
  try {
    for (const [pid, { comm, links }] of Object.entries(processes)) {
      await Deno.mkdir(`${proc}/${pid}/fd`, { recursive: true });
      if (comm !== undefined) await Deno.writeTextFile(`${proc}/${pid}/comm`, `${comm}\n`);
      for (const [i, target] of links.entries()) await Deno.symlink(target, `${proc}/${pid}/fd/${i}`);
    }
    test(proc);
  } finally {
    await Deno.remove(proc, { recursive: true });
  }
}

const NODE = "/dev/bus/usb/001/002";

Deno.test("accessHint() gives advice for the system at hand", () => {
  assertStringIncludes(accessHint(LINUX), "sudo tapir setup udev --install");
  assertMatch(accessHint({ os: "windows", wsl: false }), /^Close other programs.*WinUSB/);
  assertStringIncludes(accessHint({ os: "darwin", wsl: false }), "Close other programs");
  const wsl = accessHint({ os: "linux", wsl: true });
  assertStringIncludes(wsl, wslHint());
  assertStringIncludes(wsl, "usbipd attach --wsl");
  assertStringIncludes(wsl, "tapir setup udev");
});

Deno.test("diagnoseSystem() knows this system", () => {
  assertEquals(diagnoseSystem().os, Deno.build.os);
});

Deno.test({
  name: "deviceHolders() finds who has the device open, and only them",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withProc({
      "100": { comm: "openocd", links: ["/dev/null", NODE] },
      "200": { comm: "other", links: ["/dev/bus/usb/001/003"] },
      "300": { links: [NODE] },
      [String(Deno.pid)]: { comm: "self", links: [NODE] },
      "self": { comm: "self", links: [NODE] },
    }, (proc) => {
      const holders = deviceHolders(fakeInfo(), proc).sort((a, b) => a.pid - b.pid);
      assertEquals(holders, [{ pid: 100, name: "openocd" }, { pid: 300, name: "a program" }]);
    }),
});

Deno.test("deviceHolders() finds nobody where there is no /proc", () => {
  assertEquals(deviceHolders(fakeInfo(), "/nonexistent"), []);
});

Deno.test({
  name: "busyHint() names the program, or what it could be",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withProc({ "100": { comm: "pyocd", links: [NODE] } }, (proc) => {
      assertEquals(busyHint(fakeInfo(), LINUX, proc), "Close pyocd (process 100)");
      assertStringIncludes(busyHint(fakeInfo({ address: 9 }), LINUX, proc), "Close the other program");
      assertStringIncludes(busyHint(fakeInfo(), { os: "darwin", wsl: false }, proc), "Close the other program");
    }),
});

Deno.test("libusbError() carries the hint that helps", () => {
  const access = libusbError(-3, "open the device", fakeInfo(), LINUX);
  assertEquals([access.failure, access.code, access.exitCode], ["access", "usb-access", 3]);
  assertStringIncludes(access.message, "0d28:0204");
  assertStringIncludes(access.hint ?? "", "udev");
  const noDriver = (os: string) => libusbError(-12, "claim interface 0", fakeInfo(), { os, wsl: false }).hint;
  assertStringIncludes(noDriver("windows") ?? "", "WinUSB driver");
  assertEquals(noDriver("darwin"), undefined);
  assertEquals(libusbError(-4, "read").failure, "gone");
  assertEquals(libusbError(-99, "read").failure, "io");
  assertEquals(libusbError(-99, "read").hint, undefined);
});
