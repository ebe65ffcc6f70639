import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FormatError, UsageError } from "../base/errors.ts";
import { configureLog, silenceLog } from "../base/log.ts";
import { CONFIG_NAMES, loadConfiguration, parseConfiguration, settingsForProbe } from "./config.ts";
import { gatherSettings } from "./settings.ts";

async function withDirectory(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("parseConfiguration() names the file and the option that is wrong", () => {
  const error = assertThrows(() => parseConfiguration("frequncy: 1", "a/tapir.yaml"), UsageError);
  assertEquals(
    (error as UsageError).message,
    "Cannot use configuration file a/tapir.yaml: line 1: Cannot use option frequncy: there is no such option",
  );
  assertThrows(() => parseConfiguration("- a\n- b", "x.yaml"), UsageError, "the file must be a mapping");
  assertThrows(() => parseConfiguration("probes: 5", "x.yaml"), UsageError, "probes must be a mapping");
  assertThrows(() => parseConfiguration("config_file: y", "x.yaml"), UsageError, "it is needed to find the file");
  assertThrows(() => parseConfiguration("a: [", "x.yaml"), FormatError, "x.yaml: line 1");
});

Deno.test("parseConfiguration() passes over what only pyOCD knows, in pyOCD's own files, with a warning each", async () => {
  const text = [
    "board_config_file: x",
    "autounlock: false",
    "no_config: false",
    "user_script: tools/pyocd_user.py",
    "logging: {loggers: {pyocd.flash: {level: DEBUG}}}",
    "frequency: 4M",
    "probes:",
    "  0672FF:",
    "    test_binary: a.bin",
    "    connect_mode: attach",
  ].join("\n");
  const logged: string[] = [];
  await configureLog({ level: "warning", sink: ({ message }) => void logged.push(message) });
  try {
    const config = parseConfiguration(text, "a/.pyocd.yml");
    assertEquals(config.settings, [{ name: "frequency", value: 4_000_000 }]);
    assertEquals(config.probes[0]?.settings, [{ name: "connect_mode", value: "attach" }]);
  } finally {
    await silenceLog();
  }
  assertEquals(logged, [
    "Option board_config_file has no effect (a/.pyocd.yml: line 1): there is no such option",
    "Option autounlock has no effect (a/.pyocd.yml: line 2): there is no such option. Did you mean auto_unlock?",
    "Option no_config has no effect (a/.pyocd.yml: line 3): it is needed to find the file",
    "Option user_script has no effect (a/.pyocd.yml: line 4): it is a Python script, and Tapir runs TypeScript; " +
    "`tapir script init` writes a starter",
    "Option logging has no effect (a/.pyocd.yml: line 5): it is for Python's logging; write logging: {dap*: debug}",
    "Option test_binary has no effect (a/.pyocd.yml: line 9): there is no such option",
  ]);
  assertThrows(() => parseConfiguration("frequency: fast", "pyocd.yaml"), UsageError, "line 1");
  assertThrows(() => parseConfiguration("board_config_file: 1", "tapir.yaml"), UsageError, "there is no such option");
  assertEquals(parseConfiguration("logging: {dap*: debug}", "pyocd.yaml").settings.length, 1);
});

Deno.test("settingsForProbe() joins all sections that match, without regard to case", () => {
  const config = parseConfiguration(
    "probes:\n  abc: {frequency: 1k}\n  ABCD: {frequency: 2k}\n  zz: {persist: on}",
    "x",
  );
  assertEquals(settingsForProbe(config, "00abcdef"), [
    { name: "frequency", value: 1000 },
    { name: "frequency", value: 2000 },
  ]);
});

Deno.test("loadConfiguration() takes the first name that exists, and refuses a named file that does not", async () => {
  await withDirectory(async (dir) => {
    assertEquals((await loadConfiguration(dir)).path, undefined);
    for (const name of [...CONFIG_NAMES].reverse()) {
      await Deno.writeTextFile(`${dir}/${name}`, "");
      assertEquals((await loadConfiguration(dir)).path, `${dir}/${name}`);
    }
    await assertRejects(() => loadConfiguration(dir, "other.yaml"), UsageError, "it does not exist");
  });
});

Deno.test("gatherSettings() layers flags over -O over environment over file over subcommand", async () => {
  await withDirectory(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/pyocd.yaml`, "frequency: 10k\nconnect_mode: attach\npersist: true\n");
    const env = (name: string): string | undefined => ({ TAPIR_FREQUENCY: "20k" })[name];
    const base = { cwd, env, defaults: { persist: false, auto_unlock: false } };
    const { options } = await gatherSettings(base);
    assertEquals([options.get("frequency"), options.get("connect_mode")], [20_000, "attach"]);
    assertEquals([options.get("persist"), options.get("auto_unlock")], [true, false]);
    const set = await gatherSettings({ ...base, settings: ["frequency=30k"] });
    assertEquals(set.options.get("frequency"), 30_000);
    const flags = await gatherSettings({ ...base, settings: ["frequency=30k"], flags: { frequency: 40_000 } });
    assertEquals(flags.options.get("frequency"), 40_000);
    const none = await gatherSettings({ ...base, settings: ["no_config"] });
    assertEquals(none.options.get("connect_mode"), "halt");
  });
});

Deno.test("gatherSettings() says which environment variable is wrong", async () => {
  const env = (name: string): string | undefined => ({ TAPIR_FREQUENCY: "fast" })[name];
  await assertRejects(
    () => gatherSettings({ cwd: "/", env }),
    UsageError,
    "Cannot use environment variable TAPIR_FREQUENCY: Cannot set option frequency to fast",
  );
});

Deno.test("gatherSettings() refuses misspelt environment variables, not those of others", async () => {
  const base = { cwd: "/", env: () => undefined, settings: ["no_config"] };
  const error = await assertRejects(
    () => gatherSettings({ ...base, envNames: ["PATH", "TAPIR_FREQUNCY"] }),
    UsageError,
    "Cannot use environment variable TAPIR_FREQUNCY: there is no such option",
  );
  assertEquals(error.hint, "Did you mean TAPIR_FREQUENCY?");
  const fine = [
    "FREQUNCY",
    "TAPIR_FREQUENCY",
    "TAPIR_BOARD_SERIAL_FOR_CI",
    "TAPIR_PACKS",
    "TAPIR_COLOR",
    "TAPIR_BINARY",
  ];
  await gatherSettings({ ...base, envNames: fine });
});

Deno.test("parseConfiguration() names the line of what is wrong, in the right section", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["# frequncy: 1\n\nfrequncy: 2\n", "line 3: "],
    ["'frequncy' : 2\n", "line 1: "],
    ["frequency: 1M\nprobes:\n  066E:\n    frequency: 2M\n  AB:\n    frequency: fast\n", "line 6: "],
    ["probes:\n  AB: {persist: true,\n    frequency: fast}\n", "line 3: "],
    ['"frequ\\u0065ncy": fast\n', ""],
  ];
  for (const [text, line] of cases) {
    assertThrows(
      () => parseConfiguration(text, "t.yaml"),
      UsageError,
      `Cannot use configuration file t.yaml: ${line}Cannot`,
    );
  }
});

Deno.test("parseConfiguration() takes an option without a value as not set", () => {
  assertEquals(parseConfiguration("frequency:\nuser_script: null\nprobes:\n  AB:\n", "t.yaml").settings, []);
});

Deno.test("gatherSettings() takes CMSIS_PACK_ROOT only when nothing above the configuration sets pack.root", async () => {
  const root = async (variables: Record<string, string>): Promise<string | undefined> => {
    const env = (name: string): string | undefined => variables[name];
    return (await gatherSettings({ cwd: "/", env, settings: ["no_config"] })).options.get("pack.root");
  };
  assertEquals(await root({ CMSIS_PACK_ROOT: "/shared" }), "/shared");
  assertEquals(await root({ CMSIS_PACK_ROOT: "/shared", TAPIR_PACK_ROOT: "/own" }), "/own");
});
