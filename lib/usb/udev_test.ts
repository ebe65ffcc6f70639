import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { ProbeError } from "../base/errors.ts";
import { installUdevRules, UDEV_RULE_PATH, udevRules } from "./udev.ts";

Deno.test("installUdevRules() asks for root when the file cannot be written", async () => {
  const system = {
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
