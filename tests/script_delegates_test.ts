/** Delegates of user scripts on simulated boards: who is called when, with what, and what the answer does. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { connect, type ScriptedConnectRequest, type Session, TapirError } from "../mod.ts";
import { configureLog, silenceLog } from "../lib/base/log.ts";
import { scriptOf } from "../lib/script/user_script.ts";
import { DELEGATES } from "../lib/script/services.ts";

/** Writes a script, hands its path to `work`, and removes it. */
async function withScript<T>(text: string, work: (path: string) => Promise<T>): Promise<T> {
  const directory = await Deno.realPath(await Deno.makeTempDir());
  try {
    const path = join(directory, "tapir_user.ts");
    await Deno.writeTextFile(path, text);
    return await work(path);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Runs `work` in a session with a script. */
async function scripted(
  text: string,
  work: (session: Session) => Promise<void>,
  request: ScriptedConnectRequest = {},
): Promise<void> {
  await withScript(text, async (script) => {
    await using session = await connect({ probe: "sim:nrf52840", target: "cortex_m", ...request, script });
    await work(session);
  });
}

/** POWER.RESETREAS of the nRF52840: bit 0 reset pin, bit 2 SYSRESETREQ. The chip keeps it until it is cleared. */
const RESETREAS = 0x40000400;

async function resetReason(session: Session, reset: () => Promise<void>): Promise<number> {
  const core = session.coreAt(0);
  core.write32(RESETREAS, 0xffffffff);
  await core.flush();
  await reset();
  return await core.read32(RESETREAS);
}

Deno.test("will_reset returning true replaces the reset, seen in what the chip says about its last one", async () => {
  const reason = async (body: string): Promise<number[]> => {
    const seen: number[] = [];
    await scripted(`export function will_reset() { ${body} }`, async (session) => {
      seen.push(await resetReason(session, () => session.reset()));
      seen.push(await resetReason(session, () => session.reset({ type: "hardware" })));
    });
    return seen;
  };
  assertEquals(await reason(""), [4, 1]);
  assertEquals(await reason("return false;"), [4, 1]);
  assertEquals(await reason("return true;"), [0, 0]);
});

Deno.test("will_reset returning true replaces the reset, seen in the ledger of the wire", async () => {
  const figures = async (answer: string): Promise<{ clocks: number; ms: number }> => {
    const spent = { clocks: 0, ms: 0 };
    await scripted(`export const will_reset = () => ${answer};`, async (session) => {
      const before = session.probe.stats;
      const [clocks, ms] = [before.swdClocks!, before.modelMs!];
      await session.reset({ type: "hardware" });
      spent.clocks = session.probe.stats.swdClocks! - clocks;
      spent.ms = session.probe.stats.modelMs! - ms;
    });
    return spent;
  };
  const [usual, replaced] = [await figures("false"), await figures("true")];
  // The pin is held low for 100 ms, and 100 ms pass afterwards.
  assert(usual.ms > 200 && replaced.ms < 20, JSON.stringify([usual, replaced]));
  assert(replaced.clocks < usual.clocks, JSON.stringify([usual, replaced]));
});

Deno.test("will_reset that does the reset itself is the only one who does", async () => {
  const text = `
    import { type DelegateContext } from "tapir";
    export async function will_reset({ target }: DelegateContext<"will_reset">): Promise<boolean> {
      await target.dp.resetPulse(1, 1);
      return true;
    }`;
  await scripted(text, async (session) => {
    assertEquals(await resetReason(session, () => session.reset({ type: "sysresetreq", halt: true })), 1);
    assertEquals(await session.coreAt(0).state(), "halted");
  });
});

/** Where scripts of these tests write down what they see. */
const seen: string[] = [];
Object.assign(globalThis, { scriptTestNotes: seen });
const NOTE = "const note = (text: string): void => void (globalThis as any).scriptTestNotes.push(text);\n";

Deno.test("delegates are called in order, each with the session, the target and what it is about", async () => {
  const text = `${NOTE}
    const delegate = (name: string) => ({ session, target, probe, options, log, ...about }: any): void => {
      const good = session.target === target && session.probe === probe && session.options === options && log;
      const shown = Object.entries(about).map(([key, value]: [string, any]) =>
        \`\${key}=\${value?.name ?? value?.names?.length ?? value}\`);
      note([name, ...shown, ...(good ? [] : ["incomplete"])].join(" "));
    };
    ${Object.keys(DELEGATES).map((name) => `export const ${name} = delegate("${name}");`).join("\n")}`;
  seen.length = 0;
  await scripted(text, async (session) => {
    assertEquals(Object.keys(scriptOf(session)!.hooks).sort(), Object.keys(DELEGATES).sort());
    const { ladder, context } = session.target;
    await session.reset({ halt: true });
    await assertRejects(() => session.massErase());
    for (const step of ["trace_start", "trace_stop", "trace_capture", "trace_flush"] as const) {
      await ladder.run(step, { ...context, mode: 0 });
    }
    await ladder.notify("add_target_command_groups", { ...context, command_set: 0 });
  });
  assertEquals(seen, [
    "will_connect",
    "will_init_target init_sequence=8",
    "unlock_device",
    "will_start_debug_core core=Cortex-M4",
    "start_debug_core core=Cortex-M4",
    "did_start_debug_core core=Cortex-M4",
    "did_init_target init_sequence=8",
    "did_connect",
    "set_reset_catch core=Cortex-M4 resetType=default",
    "will_reset core=Cortex-M4 resetType=default",
    "start_debug_core core=Cortex-M4",
    "did_reset core=Cortex-M4 resetType=default",
    "clear_reset_catch core=Cortex-M4 resetType=default",
    "mass_erase",
    "trace_start mode=0",
    "trace_stop mode=0",
    "trace_capture mode=0",
    "trace_flush mode=0",
    "add_target_command_groups command_set=0",
    "will_disconnect resume=true",
    "will_stop_debug_core core=Cortex-M4",
    "stop_debug_core core=Cortex-M4",
    "did_stop_debug_core core=Cortex-M4",
    "did_disconnect resume=true",
  ]);
});

Deno.test("a delegate that throws ends the step with its own message and its place in the script", async () => {
  const text = `import { TargetError } from "tapir";
export function will_reset(): void {
  if (Date.now() > 0) throw new TargetError("Cannot reset on Sundays", { code: "sunday", hint: "Wait" });
}
export async function did_connect(): Promise<void> { await 1; }
`;
  await scripted(text, async (session) => {
    const before = await resetReason(session, () => Promise.resolve());
    const error = await assertRejects(
      () => session.reset(),
      TapirError,
      "Cannot complete step will_reset of script: Cannot reset on Sundays (",
    );
    assert(error.message.endsWith("tapir_user.ts:3:29)"), error.message);
    assertEquals([error.code, error.hint, before], ["sunday", "Wait", 0]);
    assertEquals(await session.coreAt(0).read32(RESETREAS), 0);
  });
});

Deno.test("a delegate that throws while connecting closes the session", async () => {
  const text = "export function did_init_target() { throw new Error('no'); }";
  await withScript(text, async (script) => {
    await assertRejects(
      () => connect({ probe: "sim:nrf52840", target: "cortex_m", script }),
      TapirError,
      "Cannot complete step did_init_target of script: no (",
    );
  });
});

Deno.test("will_init_target changes the sequence of connecting", async () => {
  const text = `${NOTE}
    import type { DelegateContext } from "tapir";
    export function will_init_target({ init_sequence, target }: DelegateContext<"will_init_target">): void {
      init_sequence
        .insertAfter("dp_init", { name: "look", run: async () => note(String(await target.dp.readReg(0) >>> 0)) })
        .wrap("discovery", async (inner) => { note("before"); const list = await inner(); note("after"); return list; })
        .remove("halt_on_connect");
    }`;
  seen.length = 0;
  await scripted(text, async (session) => {
    assertEquals(seen, [String(0x2ba01477), "before", "after"]);
    assert(await session.coreAt(0).state() !== "halted");
  });
});

Deno.test("a script reads and sets options, subscribes to events, and adds memory", async () => {
  const text = `${NOTE}
    import { type DelegateContext, makeRegion } from "tapir";
    export function will_connect({ options, target }: DelegateContext<"will_connect">): void {
      options.set("reset_type", "n_srst");
      options.onChange(({ name, value }) => note(\`\${name}=\${value}\`));
      target.map = target.map.with(makeRegion("EXTRA", "ram", 0x60000000, 0x1000, { isDefault: false }));
      target.events.on(({ type }) => note(type));
    }`;
  seen.length = 0;
  await scripted(text, async (session) => {
    assertEquals(session.target.map.regionAt(0x60000800)?.name, "EXTRA");
    assertEquals(await resetReason(session, () => session.reset()), 1);
    session.options.set("smart_flash", false);
    assertEquals(seen, ["post-connect", "pre-reset", "post-reset", "smart_flash=false"]);
  });
});

Deno.test("reload() takes new delegates; when the new script is broken, the old one stays", async () => {
  await withScript("export const will_reset = () => true;", async (script) => {
    await using session = await connect({ probe: "sim:nrf52840", target: "cortex_m", script });
    const layer = scriptOf(session)!;
    assertEquals(await resetReason(session, () => session.reset()), 0);
    await Deno.writeTextFile(script, "export const will_reset = = true;");
    await assertRejects(() => layer.reload(), TapirError, "tapir_user.ts:1:27");
    assertEquals(await resetReason(session, () => session.reset()), 0);
    await Deno.writeTextFile(script, "export const will_reset = (): boolean => false;");
    await layer.reload();
    assertEquals(await resetReason(session, () => session.reset()), 4);
  });
});

Deno.test("connect() refuses a script with a misspelt delegate before it opens a probe", async () => {
  await withScript("\nexport function will_rest() {}", async (script) => {
    const error = await assertRejects(
      () => connect({ probe: "sim:nonexistent", script }),
      TapirError,
      "there is no delegate of this name",
    );
    assertEquals([error.fields.line, error.fields.column, error.exitCode, error.hint], [
      2,
      17,
      2,
      "Did you mean will_reset?",
    ]);
  });
  await assertRejects(() => connect({ script: "/no/such.ts" }), TapirError, "Cannot load user script /no/such.ts");
});

Deno.test("a delegate that throws what is no error is named with its place", async () => {
  for (const [thrown, shown] of [['"out of luck"', "out of luck"], ["undefined", "undefined"]]) {
    const text = `\nexport async function did_connect(): Promise<void> { await 0; throw ${thrown}; }\n`;
    await assertRejects(() => scripted(text, async () => {}), TapirError, `of script: ${shown} (`);
    await assertRejects(() => scripted(text, async () => {}), TapirError, "tapir_user.ts:2:23)");
  }
});

Deno.test("a task of the init sequence that throws is named with its place, in nested lists too", async () => {
  const cases = [
    ['init_sequence.insertAfter("dp_init", { name: "wake", run });', "task wake"],
    ['init_sequence.wrap("discovery", async (inner) => { await inner(); run(); });', "task discovery"],
    [
      'init_sequence.wrap("dp_init", async (inner) => (await inner())!.append({ name: "last", run }));',
      "task last",
    ],
  ];
  for (const [edit, task] of cases) {
    const text = `const run = (): never => {\n  throw new Error("asleep");\n};\n` +
      `export function will_init_target({ init_sequence }) { ${edit} }\n`;
    const message = `Cannot run ${task} of the init sequence: asleep (`;
    await assertRejects(() => scripted(text, async () => {}), TapirError, message);
    await assertRejects(() => scripted(text, async () => {}), TapirError, "tapir_user.ts:2:9)");
  }
});

Deno.test("an error of a delegate keeps its code, hint and exit code, and its stack names the script", async () => {
  const text = `import { TargetError } from "tapir";\nexport function did_connect(): void {\n` +
    `  throw new TargetError("Cannot go on", { code: "tired", hint: "Rest", exitCode: 7 });\n}\n`;
  const error = await assertRejects(() => scripted(text, async () => {}), TapirError, "Cannot go on (");
  assertEquals([error.code, error.hint, error.exitCode], ["tired", "Rest", 7]);
  let innermost: unknown = error;
  while (innermost instanceof Error && innermost.cause !== undefined) innermost = innermost.cause;
  const { stack } = innermost as Error;
  assertMatch(stack!, /tapir_user\.ts:3:9/);
  assert(!stack!.includes("tapir-script-"));
});

Deno.test("a delegate that returns neither true nor false is warned about where it matters", async () => {
  const lines: string[] = [];
  await configureLog({ level: "warning", rules: [], sink: ({ message }) => void lines.push(message) });
  try {
    await scripted("export const did_reset = () => 1, will_reset = () => 1;", (session) => session.reset());
  } finally {
    await silenceLog();
  }
  assertEquals(lines.length, 1);
  assertMatch(lines[0]!, /^will_reset of .*tapir_user\.ts returned neither true nor false; taken as not done$/);
});
