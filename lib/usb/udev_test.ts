import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { ProbeError, UsageError } from "../base/errors.ts";
import { installUdevRules, insteadOfUdev, UDEV_RULE_PATH, udevRules } from "./udev.ts";

Deno.test("installUdevRules() touches nothing where there is no udev, and says what applies there", async () => {
  const write = () => Promise.reject(new Error("wrote"));
  for (const [os, text] of [["darwin", "nothing to set up"], ["windows", "WinUSB"]] as const) {
    const run = () => installUdevRules({ os, write, run: () => Promise.reject(new Error("ran")) });
    const error = await assertRejects(run, UsageError, "this system has no udev");
    assertEquals(error.code, "no-udev");
    assertStringIncludes(error.hint ?? "", text);
  }
  assertEquals(insteadOfUdev("linux"), undefined);
});

Deno.test("installUdevRules() asks for root when the file cannot be written", async () => {
  const system = {
    os: "linux",
    write: () => Promise.reject(new Error("Permission denied")),
    run: () => Promise.resolve(true),
  };
  const error = await assertRejects(() => installUdevRules(system), ProbeError, `Cannot write ${UDEV_RULE_PATH}`);
  assertStringIncludes(error.hint ?? "", "sudo");
});

Deno.test("installUdevRules() writes the rules and applies them where udev runs", async () => {
  for (const hasUdev of [true, false]) {
    const done: string[] = [];
    await installUdevRules({
      os: "linux",
      write: (path, text) => Promise.resolve(void done.push(`write ${path} ${text === udevRules()}`)),
      run: (program, args) => {
        done.push(`${program} ${args[0]}`);
        return Promise.resolve(hasUdev);
      },
    });
    const expected = [`write ${UDEV_RULE_PATH} true`, "udevadm control", "udevadm trigger"];
    assertEquals(done, hasUdev ? expected : expected.slice(0, 2));
  }
});

Deno.test("udevRules() is made of comments and complete rules", () => {
  const lines = udevRules().split("\n").filter((line) => line !== "");
  for (const line of lines) {
    assertMatch(
      line,
      /^(#.*|SUBSYSTEM=="usb\|hidraw", (ATTRS\{\w+\}=="[^"]+", )+MODE="0660", GROUP="plugdev", TAG\+="uaccess")$/,
    );
  }
  assertStringIncludes(udevRules(), 'ATTRS{idVendor}=="0483", ATTRS{idProduct}=="3744|3748|');
});
