import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../base/errors.ts";
import { environmentName, OPTION_NAMES, OPTION_TABLE } from "./option_table.ts";
import { checkOptionValue, parseFrequency, parseInteger, parseOptionSetting, parseOptionValue } from "./option_text.ts";

function failureOf(work: () => unknown): [string, string | undefined] {
  const error = assertThrows(work, UsageError) as UsageError;
  return [error.message, error.hint];
}

Deno.test("parseOptionSetting() refuses an unknown name and offers near ones", () => {
  assertEquals(failureOf(() => parseOptionSetting("frequncy=1")), [
    "Cannot use option frequncy: there is no such option",
    "Did you mean frequency?",
  ]);
  assertEquals(failureOf(() => parseOptionSetting("qqqqqq"))[1], "Run `tapir --help-options` for all options");
});

Deno.test("parseOptionSetting() refuses values that do not fit", () => {
  assertEquals(failureOf(() => parseOptionSetting("smart_flash=maybe")), [
    "Cannot set option smart_flash to maybe",
    "smart_flash takes true or false",
  ]);
  assertEquals(
    failureOf(() => parseOptionSetting("connect_mode=fast"))[1],
    "connect_mode takes one of halt, pre-reset, under-reset, attach",
  );
  assertEquals(failureOf(() => parseOptionSetting("frequency="))[0], "Cannot set option frequency to an empty value");
  assertEquals(failureOf(() => parseOptionSetting("frequency=0"))[0], "Cannot set option frequency to 0");
  assertEquals(
    failureOf(() => parseOptionSetting("stlink.v3_prescaler=3"))[1],
    "stlink.v3_prescaler takes one of 1, 2, 4",
  );
  assertEquals(
    failureOf(() => parseOptionSetting("reset.hold_time=soon"))[1],
    "reset.hold_time takes a number of seconds, not below 0",
  );
});

Deno.test("parseOptionSetting() refuses a bare or negated name of an option that is not true or false", () => {
  assertEquals(failureOf(() => parseOptionSetting("frequency"))[0], "Cannot set option frequency without a value");
  assertEquals(
    failureOf(() => parseOptionSetting("no-frequency=1"))[0],
    "Cannot negate option frequency: it is not true or false",
  );
});

Deno.test("parseOptionSetting() reads bare, negated, doubly negated and old names", () => {
  assertEquals(parseOptionSetting("persist"), { name: "persist", value: true });
  assertEquals(parseOptionSetting("no-persist"), { name: "persist", value: false });
  assertEquals(parseOptionSetting("no-persist=off"), { name: "persist", value: true });
  assertEquals(parseOptionSetting("telnet_port=5000"), { name: "stdio_port", value: 5000 });
  // `no_config` begins like a negation and is not one.
  assertEquals(parseOptionSetting("no_config"), { name: "no_config", value: true });
});

Deno.test("parseOptionValue() reads every type", () => {
  assertEquals(parseOptionValue("probeserver.port", "0x15b3"), 5555);
  assertEquals(parseOptionValue("reset.hold_time", ".25"), 0.25);
  assertEquals(parseOptionValue("pack.debug_sequences.disabled_sequences", "A, B:core0"), ["A", "B:core0"]);
  assertEquals(parseOptionValue("pack", "a,b.pack"), ["a,b.pack"]);
  assertEquals(parseOptionValue("gdbserver_port", "[3333, 3335]"), [3333, 3335]);
  assertEquals(parseOptionValue("stdio_mode", "[off, console]"), ["off", "console"]);
  assertEquals(parseOptionValue("rtt", "[{pname: core0}]"), [{ pname: "core0" }]);
});

Deno.test("checkOptionValue() takes YAML values of the right type only", () => {
  assertEquals(checkOptionValue("smart_flash", 0), false);
  assertEquals(checkOptionValue("load.pre_reset", false), "off");
  assertEquals(checkOptionValue("target_override", 52840), "52840");
  assertEquals(checkOptionValue("pack", ["a.pack", "b.pack"]), ["a.pack", "b.pack"]);
  assertThrows(() => checkOptionValue("frequency", 1.5), UsageError);
  assertThrows(() => checkOptionValue("smart_flash", 2), UsageError);
  assertThrows(() => checkOptionValue("pack", { a: 1 }), UsageError);
});

Deno.test("parseFrequency() takes units and refuses what is none", () => {
  assertEquals(["1000000", "4M", "4MHz", "1.5m", "500kHz", ".5M"].map(parseFrequency), [
    1e6,
    4e6,
    4e6,
    1.5e6,
    5e5,
    5e5,
  ]);
  assertEquals(["", "0", "4 MHz", "4G", "-1", "M"].map(parseFrequency), Array(6).fill(undefined));
});

Deno.test("parseInteger() refuses what only begins like a number", () => {
  assertEquals(
    ["0x", "1.5", "12k", "0b2", "", "0xg", "99999999999999999999"].map(parseInteger),
    Array(7).fill(undefined),
  );
});

Deno.test("OPTION_TABLE holds defaults of its own types, and one environment variable each", () => {
  for (const name of OPTION_NAMES) {
    const { default: preset } = OPTION_TABLE[name];
    if (preset !== undefined) assertEquals(checkOptionValue(name, preset), preset, name);
  }
  assertEquals(new Set(OPTION_NAMES.map(environmentName)).size, OPTION_NAMES.length);
});

Deno.test("parseOptionValue() refuses times and speeds below zero and without end", () => {
  for (const text of ["-1", "-0.5", "1e999"]) {
    const error = assertThrows(
      () => parseOptionValue("reset.hold_time", text),
      UsageError,
      `reset.hold_time to ${text}`,
    );
    assertEquals(error.hint, "reset.hold_time takes a number of seconds, not below 0");
  }
  assertThrows(() => parseOptionValue("swv_clock", "-1"), UsageError, "swv_clock to -1");
  assertEquals([parseOptionValue("reset.hold_time", "0"), parseOptionValue("reset.hold_time", "2.5")], [0, 2.5]);
});
