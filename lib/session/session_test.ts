import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { TargetError, TransferError, UsageError } from "../base/errors.ts";
import { openSim } from "../probe/sim/driver.ts";
import { NO_CONFIGURATION, parseConfiguration } from "./config.ts";
import { connect } from "./connect.ts";
import { Options, type OptionValues } from "./options.ts";
import { Session } from "./session.ts";

/** movs r0, #1; adds r0, #1; b back to it. */
const PROGRAM = Uint8Array.of(0x01, 0x20, 0x01, 0x30, 0xfd, 0xe7);

async function open(values: OptionValues = {}, config = NO_CONFIGURATION) {
  const { probe, board } = await openSim("stm32f407");
  const options = new Options({ "warning.cortex_m_default": false, ...values });
  const session = await Session.open({ probe, options, config, projectDir: "/" });
  return { session, probe, board };
}

Deno.test("Session.open() closes the probe when it fails", async () => {
  const { probe } = await openSim("stm32f407");
  const options = new Options({ target_override: "no_such_chip" });
  await assertRejects(
    () => Session.open({ probe, options, config: NO_CONFIGURATION, projectDir: "/" }),
    UsageError,
    "Cannot use target no_such_chip",
  );
  await assertRejects(() => probe.transfer([{ kind: "read", port: "dp", register: 0 }]));
});

Deno.test("connect() refuses unknown probes, targets, packs and option values", async () => {
  await assertRejects(() => connect({ probe: "sim:nope" }), UsageError, "Cannot simulate board nope");
  await assertRejects(() => connect({ probe: "sim:stm32f407", target: "k64f" }), UsageError, "Cannot use target k64f");
  await assertRejects(() => connect({ probe: "sim:stm32f407", pack: "/no/such.pack" }), Error, "Cannot open pack");
  await assertRejects(() => connect({ options: { frequency: -1 } }), UsageError, "Cannot set option frequency to -1");
});

Deno.test("Session takes the section of its probe from the configuration", async () => {
  const config = parseConfiguration("probes:\n  STM32: {frequency: 5k}\n", "tapir.yaml");
  const { session } = await open({}, config);
  assertEquals(session.options.origin("frequency").source, "probes section of tapir.yaml");
  await session.close();
});

Deno.test("Session.close() lets the core run on, or leaves it halted, as the option says, and works twice", async () => {
  for (const resume of [true, false]) {
    const { session, board } = await open({ resume_on_disconnect: resume });
    const core = session.coreAt(0);
    core.writeBytes(0x20000000, PROGRAM);
    await core.writeRegisters({ pc: 0x20000000, xpsr: 0x01000000, sp: 0x20001000 });
    await session.close();
    await session.close();
    const before = board.instructions;
    board.advance(1_000_000);
    assertEquals(board.instructions > before, resume, `resume_on_disconnect=${resume}`);
  }
});

Deno.test("Session.stayHalted() yields to what the user set", async () => {
  const free = await open();
  free.session.stayHalted();
  assertEquals(free.session.options.get("resume_on_disconnect"), false);
  await free.session.close();
  const set = await open({ resume_on_disconnect: true });
  set.session.stayHalted();
  assertEquals(set.session.options.get("resume_on_disconnect"), true);
  await set.session.close();
});

Deno.test("Session hands changed options to the target", async () => {
  await using session = await connect({ probe: "sim:stm32f407" });
  session.options.set("reset.hold_time", 0.25);
  assertEquals(session.target.settings.resetHoldMs, 250);
});

Deno.test("Session.writeRam() writes with the width that was asked for and reports what does not take it", async () => {
  await using session = await connect({ probe: "sim:stm32f407" });
  const core = session.coreAt(0);
  await session.writeRam(core, 0x20000000, Uint8Array.of(1, 2, 3, 4), 8);
  await session.writeRam(core, 0x20000004, Uint8Array.of(5, 6, 7, 8), 16);
  await session.writeRam(core, 0x20000009, Uint8Array.of(9, 10, 11), 32);
  const expected = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 10, 11);
  assertEquals(new Uint8Array(await core.readBytes(0x20000000, 12)), expected);
  await assertRejects(() => session.writeRam(core, 0x60000000, Uint8Array.of(1), 8), TransferError, "0x60000000");
});

Deno.test("Session.reset() halts before the first instruction, and refuses a core that is not there", async () => {
  await using session = await connect({ probe: "sim:stm32f407" });
  await session.reset({ halt: true });
  assertEquals(await session.coreAt(0).state(), "halted");
  assertThrows(() => session.coreAt(3), TargetError);
});

Deno.test("Session.reset() refuses types of reset that do not exist", async () => {
  const { session } = await open();
  const error = await assertRejects(
    () => session.reset({ type: "sytem" as "system" }),
    UsageError,
    "Cannot reset by sytem",
  );
  assertEquals(error.hint, "Did you mean system?");
  await session.close();
});

Deno.test("Session.close() disconnects once, however often it is called", async () => {
  const { session } = await open();
  const seen: string[] = [];
  session.target.events.on(({ type }) => seen.push(type));
  await Promise.all([session.close(), session.close()]);
  await session.close();
  assertEquals(seen, ["pre-disconnect", "post-disconnect"]);
});
