import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UsageError } from "../base/errors.ts";
import { CommandContext, type CommandHost } from "../command/context.ts";
import { executeLine } from "../command/execute.ts";
import { connect } from "../session/connect.ts";
import { type ArgumentTypes, command, ScriptCommand, specOf } from "./command.ts";

for (
  const [name, args, reason] of [
    ["Peek", {}, "names are lower-case"],
    ["peek poke", {}, "names are lower-case"],
    ["peek", { a: "number" }, "number is no type"],
    ["peek", { a: "int...", b: "int" }, "nothing can follow"],
    ["peek", { a: "int?", b: "string" }, "it cannot be required behind a"],
  ] as const
) {
  Deno.test(`command() refuses ${name} with ${JSON.stringify(args)}`, () => {
    assertThrows(() => command({ name, args: args as ArgumentTypes }, () => {}), UsageError, reason);
  });
}

Deno.test("specOf() refuses what command() did not make", () => {
  assertThrows(() => specOf(new ScriptCommand(["x"], "", "")), UsageError, "it was not made by command()");
});

Deno.test("command() reads arguments as their types say", async () => {
  await using session = await connect({ probe: "sim:stm32f407" });
  let output = "";
  const host = { write: (text: string) => void (output += text) } as CommandHost;
  const seen: unknown[] = [];
  const made = command(
    { name: ["probe-all", "pa"], help: "all", args: { at: "int", scale: "float", name: "string?", rest: "int..." } },
    ({ core, target, session: own, print, options }, { at, scale, name, rest }) => {
      seen.push([at.toFixed(), scale / 2, name?.length, rest.map((each) => each + 1)]);
      print(core.name, target === own.target, options.get("smart_flash"), { a: 1 });
    },
  );
  assertEquals([made.names, made.usage, made.help], [["probe-all", "pa"], "AT SCALE [NAME] [REST...]", "all"]);
  const context = new CommandContext(session, host, [specOf(made)]);
  await session.coreAt(0).halt();
  session.coreAt(0).write32(0x20000000, 7);
  await session.coreAt(0).writeRegisters({ sp: 0x20000000 });
  await executeLine(context, "pa 0x10 1.5; probe-all [0x20000000] -1 'two words' 1 0b11");
  assertEquals(seen, [["16", 0.75, undefined, []], ["7", -0.5, 9, [2, 4]]]);
  assertEquals(output, "Cortex-M4 true true { a: 1 }\n".repeat(2));

  await assertRejects(() => executeLine(context, "pa 1"), UsageError, "too few");
  await assertRejects(() => executeLine(context, "pa x 1"), UsageError, "Cannot use x as a number");
  await assertRejects(() => executeLine(context, "pa 1 1.5.2"), UsageError, "Cannot use 1.5.2 as scale");
});
