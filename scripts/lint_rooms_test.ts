import { assertEquals } from "@std/assert";
import plugin, { importProblem, mayTouchSystem } from "./lint_rooms.ts";

function messages(fileName: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, fileName, source).map((d) => `${d.id}: ${d.message}`);
}

Deno.test("importProblem() refuses upward, sideways and foreign imports", () => {
  assertEquals(importProblem("lib/dap/mem_ap.ts", "../probe/probe.ts"), undefined);
  assertEquals(importProblem("lib/flash/plan.ts", "../pack/flm.ts"), "room flash (floor 7) imports pack (floor 7)");
  assertEquals(importProblem("lib/sim/bus.ts", "../format/elf.ts"), "sim imports base only");
  assertEquals(
    importProblem("lib/session/config.ts", "@std/yaml"),
    "package @std/yaml may only be imported in lib/format/yaml.ts",
  );
  assertEquals(importProblem("lib/format/yaml.ts", "@std/yaml"), undefined);
  assertEquals(importProblem("lib/dap/queue.ts", "fast-check"), "fast-check is for tests");
  assertEquals(importProblem("lib/dap/queue_test.ts", "../../tests/support/x.ts"), undefined);
  assertEquals(importProblem("lib/dap/queue.ts", "../../tests/support/x.ts"), "lib may not import tests/support/x.ts");
});

Deno.test("mayTouchSystem() knows rooms that do I/O", () => {
  assertEquals(["lib/cli/main.ts", "lib/pack/store.ts", "lib/dap/queue.ts", "lib/sim/bus.ts"].map(mayTouchSystem), [
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("lint plugin reports imports, Deno access, effects at the top and message style", () => {
  assertEquals(messages("lib/dap/a.ts", 'export * from "../core/core.ts";\n'), [
    "tapir/room-imports: room dap (floor 3) imports core (floor 5)",
  ]);
  assertEquals(messages("lib/dap/a.ts", "export const f = () => Deno.cwd();\n"), [
    "tapir/system-access: Deno.* appears in rooms that do I/O only",
  ]);
  assertEquals(messages("lib/cli/a.ts", "start();\n"), [
    "tapir/inert-modules: Importing a module does nothing: no statement with an effect at the top",
  ]);
  assertEquals(messages("lib/cli/a.ts", "export const x = await start();\n"), [
    "tapir/inert-modules: Importing a module does nothing: no top-level await",
  ]);
  assertEquals(messages("lib/cli/a.ts", "export const f = async () => await start();\n"), []);
  assertEquals(messages("lib/base/a.ts", 'export const f = () => new UsageError("it can\'t work.");\n').length, 3);
  assertEquals(messages("lib/base/a.ts", "export {};\n".repeat(451)).map((m) => m.slice(0, 17)), ["tapir/file-length"]);
});
