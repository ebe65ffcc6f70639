import { assertEquals, assertStringIncludes } from "@std/assert";
import { EXIT, ProbeError } from "../../base/errors.ts";
import type { ProbeDriver, ProbeInfo } from "../../probe/probe.ts";
import { runCli } from "../../../tests/support/run_cli.ts";

function driver(name: string, list: () => Promise<ProbeInfo[]>): ProbeDriver {
  return { name, description: name, enumerable: true, list, open: () => Promise.reject(new ProbeError("Cannot open")) };
}

const BROKEN = driver(
  "broken",
  () => Promise.reject(new ProbeError("Cannot load libusb", { code: "usb-no-library", hint: "Install it" })),
);
const NONE = driver("none", () => Promise.resolve([]));
const ONE = driver("one", () => Promise.resolve([{ driver: "one", uniqueId: "1", description: "One", vendor: "V" }]));

Deno.test("tapir list fails as the driver fails when nothing else is listed", async () => {
  const { code, stdout, stderr } = await runCli(["list"], { drivers: [NONE, BROKEN] });
  assertEquals([code, stdout, stderr], [EXIT.noProbe, "", "Error: Cannot load libusb\nHint: Install it\n"]);
});

Deno.test("tapir list shows what other drivers have found, and warns of the one that fails", async () => {
  const { code, stdout, stderr } = await runCli(["list"], { drivers: [BROKEN, ONE] });
  assertEquals(code, EXIT.ok);
  assertStringIncludes(stdout, "  0  One ");
  assertEquals(
    stderr,
    "Warning: No probes of the kind broken are listed: Cannot load libusb\nHint: Install it\n",
  );
});

Deno.test("tapir list --json names the driver that fails beside the probes", async () => {
  const { code, stdout } = await runCli(["list", "--json"], { drivers: [BROKEN, ONE] });
  const { probes, problems } = JSON.parse(stdout);
  assertEquals([code, probes.length], [EXIT.ok, 1]);
  assertEquals(problems, [{
    driver: "broken",
    code: "usb-no-library",
    message: "Cannot load libusb",
    hint: "Install it",
    exit: EXIT.noProbe,
    fields: {},
    causes: [],
  }]);
  assertEquals(JSON.parse((await runCli(["list", "--json"], { drivers: [ONE] })).stdout).problems, undefined);
});
