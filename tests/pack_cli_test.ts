/** `tapir pack` from the command line, against a server on this computer. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type CliRun, runCli } from "./support/run_cli.ts";
import {
  demoPack,
  fileAnswer,
  makePack,
  type PackServer,
  pdscText,
  pidxText,
  startServer,
} from "./support/pack_server.ts";
import { sharedData, why } from "./support/shared_data.ts";

const DEMO = decodeURIComponent(new URL("../scripts/demo/", import.meta.url).pathname);

interface Bench {
  readonly server: PackServer;
  readonly root: string;
  /** Runs `tapir pack`; actions that download ask the server. */
  pack(...argv: string[]): Promise<CliRun>;
  tapir(...argv: string[]): Promise<CliRun>;
}

/** A server with three packs, and an empty pack root. */
async function withPacks(work: (bench: Bench) => Promise<void>): Promise<void> {
  const dir = Deno.makeTempDirSync();
  const root = `${dir}/root`;
  const server = startServer();
  const { pack, pdsc } = await demoPack();
  const demoText = new TextDecoder().decode(pdsc).replace("https://tapir.invalid/packs/", `${server.url}Tapir/`);
  const at = (vendor: string, name: string, version: string) => ({
    vendor,
    name,
    version,
    url: `${server.url}${vendor}/`,
  });
  const entries = [
    at("Tapir", "Demo_DFP", "1.0.0"),
    at("V", "ABC1xx_DFP", "2.0.0"),
    at("V", "Board_BSP", "1.0.0"),
    at("W", "Odd", "1.0.0"),
  ];
  server.answers.set("index.pidx", fileAnswer(pidxText(entries)));
  server.answers.set("Tapir/Tapir.Demo_DFP.pdsc", fileAnswer(demoText));
  server.answers.set("Tapir/Tapir.Demo_DFP.1.0.0.pack", fileAnswer(pack));
  const abc = pdscText("V", "ABC1xx_DFP", "2.0.0", ["ABC101", "ABC102"], `${server.url}V/`)
    .replace("</releases>", '<release version="1.0.0">first</release></releases>');
  server.answers.set("V/V.ABC1xx_DFP.pdsc", fileAnswer(abc));
  for (const version of ["1.0.0", "2.0.0"]) {
    server.answers.set(
      `V/V.ABC1xx_DFP.${version}.pack`,
      fileAnswer(await makePack("V", "ABC1xx_DFP", version, ["ABC101", "ABC102"])),
    );
  }
  server.answers.set("W/W.Odd.pdsc", fileAnswer(pdscText("W", "Odd", "1.0.0", ["ZZ9"])));
  const env = { CMSIS_PACK_ROOT: root, NO_PROXY: "127.0.0.1" };
  const tapir = (...argv: string[]) => runCli(argv, { env, cwd: dir });
  try {
    await work({
      server,
      root,
      tapir,
      pack: (...argv) =>
        tapir("pack", ...argv, ...(["find", "install", "update"].includes(argv[0]!) ? ["--url", server.url] : [])),
    });
  } finally {
    await server.close();
    Deno.removeSync(dir, { recursive: true });
  }
}

function paths(server: PackServer): string[] {
  return server.requests.splice(0).map(({ path }) => path).sort();
}

Deno.test("tapir pack find fetches the index and the descriptions that may fit, and nothing else", () =>
  withPacks(async ({ server, pack }) => {
    const found = await pack("find", "abc1*");
    assertEquals(found.code, 0);
    assertEquals(
      found.stdout,
      "Part    Vendor  Pack          Version  Installed\n" +
        "------------------------------------------------\n" +
        "ABC101  V       V.ABC1xx_DFP  2.0.0    no\n" +
        "ABC102  V       V.ABC1xx_DFP  2.0.0    no\n",
    );
    assertEquals(paths(server), ["V.ABC1xx_DFP.pdsc", "V/V.ABC1xx_DFP.pdsc", "index.pidx"]);
    const again = await pack("find", "ABC102", "--json");
    const { devices } = JSON.parse(again.stdout) as { devices: { name: string; installed: boolean }[] };
    assertEquals(
      devices,
      [
        { name: "ABC102", vendor: "V", family: "Family", pack: "V.ABC1xx_DFP", version: "2.0.0", installed: false },
      ] as unknown as typeof devices,
    );
    assertEquals(paths(server), []);
  }));

Deno.test("tapir pack find looks everywhere but into packs of boards when names do not tell", () =>
  withPacks(async ({ server, pack }) => {
    const found = await pack("find", "zz9", "-H");
    assertEquals([found.code, found.stdout], [0, "ZZ9  V  W.Odd  1.0.0  no\n".replace("  V  ", "  W  ")]);
    assertStringIncludes(found.stderr, "looking into 3 more packs");
    assert(!paths(server).some((path) => path.includes("Board_BSP")));
    const none = await pack("find", "nothing");
    assertEquals([none.code, none.stdout], [1, ""]);
    assertStringIncludes(none.stderr, "No device fits nothing");
  }));

Deno.test("tapir pack install makes -t enough to program a board", () =>
  withPacks(async ({ pack, tapir, root }) => {
    const before = await tapir("flash", "-u", "sim:stm32f407", "-t", "stm32f407vg", `${DEMO}blinky.elf`);
    assertEquals(before.code, 2);
    assertStringIncludes(before.stderr, "tapir pack install stm32f407vg");
    const plan = await pack("install", "stm32f407vg", "-n");
    assertEquals(plan.code, 0);
    assertStringIncludes(plan.stderr, "Would download packs:\n  Tapir::Demo_DFP@1.0.0\n");
    const done = await pack("install", "stm32f407vg", "--json");
    const events = done.stdout.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals([done.code, events.at(-1).fetched], [0, ["Tapir::Demo_DFP@1.0.0"]]);
    assert(events.some(({ event, phase }) => event === "progress" && phase === "download"));
    const flashed = await tapir("flash", "-u", "sim:stm32f407", "-t", "stm32f407vg", `${DEMO}blinky.elf`);
    assertEquals(flashed.code, 0, flashed.stderr);
    assertStringIncludes((await pack("install", "stm32f407vg")).stderr, "Tapir::Demo_DFP@1.0.0 is installed already");
    const list = await pack("list", "--json");
    assertEquals(JSON.parse(list.stdout), {
      root,
      packs: [{
        vendor: "Tapir",
        name: "Demo_DFP",
        version: "1.0.0",
        path: `${root}/.Download/Tapir.Demo_DFP.1.0.0.pack`,
        kind: "archive",
      }],
    });
  }));

Deno.test("tapir list --targets shows devices of installed packs through its filters", () =>
  withPacks(async ({ pack, tapir }) => {
    await pack("install", "stm32f407vg", "V::ABC1xx_DFP");
    const names = async (...argv: string[]) =>
      (JSON.parse((await tapir("list", "-t", "--json", ...argv)).stdout) as { targets: { name: string }[] }).targets
        .map(({ name }) => name);
    assertEquals(await names(), ["ABC101", "ABC102", "cortex_m", "STM32F407VG"]);
    assertEquals(await names("-n", "abc"), ["ABC101", "ABC102"]);
    assertEquals(await names("-r", "stm"), ["STM32F407VG"]);
    assertEquals(await names("-s", "builtin"), ["cortex_m"]);
    const table = await tapir("list", "--targets", "-n", "f407", "-H");
    assertEquals(table.stdout, "stm32f407vg  STMicroelectronics  STM32F407VG  STM32F4 Series  pack\n");
    assertEquals((await tapir("list", "-t", "-p")).code, 2);
  }));

Deno.test("tapir pack install takes conditions on versions, files, addresses, and names what it does not find", () =>
  withPacks(async ({ server, pack, root }) => {
    assertEquals((await pack("install", "V::ABC1xx_DFP@~1.0.0")).code, 0);
    assertEquals((await pack("install", `${server.url}V/V.ABC1xx_DFP.2.0.0.pack`)).code, 0);
    const file = `${root}/../copy.pack`;
    Deno.writeFileSync(file, (await demoPack()).pack);
    assertEquals((await pack("install", "copy.pack", "--unpack")).code, 0);
    const list = await pack("list", "-H");
    assertEquals(list.stdout.split("\n").map((line) => line.split(/ +/).slice(0, 3).join(" ")), [
      "Tapir.Demo_DFP 1.0.0 archive",
      "V.ABC1xx_DFP 1.0.0 archive",
      "V.ABC1xx_DFP 2.0.0 archive",
      "",
    ]);
    const none = await pack("install", "V::ABC1xx_DFP@>=3.0.0", "V::None", "--json");
    assertEquals(none.code, 1);
    assertEquals(JSON.parse(none.stdout).unknown, ["V::ABC1xx_DFP@>=3.0.0", "V::None"]);
    assertEquals((await pack("install", `${server.url}x.pack`)).code, 2);
    assertEquals((await pack("install", "none.pack")).code, 2);
  }));

Deno.test("tapir pack install says which downloads failed and why, and keeps the others", () =>
  withPacks(async ({ server, pack }) => {
    server.answers.set("V/V.ABC1xx_DFP.2.0.0.pack", () => new Response("", { status: 403 }));
    const run = await pack("install", "stm32f407vg", "abc101");
    assertEquals(run.code, 1);
    assertStringIncludes(run.stderr, "1 download failed:\n  V::ABC1xx_DFP@2.0.0: Cannot download");
    assertStringIncludes(run.stderr, "the server forbids it");
    assertStringIncludes((await pack("list")).stdout, "Tapir.Demo_DFP");
  }));

Deno.test("tapir pack update tells of newer releases, and refreshes what is known", () =>
  withPacks(async ({ server, pack }) => {
    await pack("install", "V::ABC1xx_DFP@1.0.0");
    paths(server);
    const update = await pack("update", "--json");
    const result = JSON.parse(update.stdout.trim().split("\n").at(-1)!);
    assertEquals([update.code, result.packs, result.unchanged], [0, 4, ["index of packs"]]);
    assertEquals(result.outdated, [{ pack: "V.ABC1xx_DFP.1.0.0", newest: "2.0.0" }]);
    assertEquals(paths(server), ["index.pidx"]);
    assertEquals((await pack("update", "--all")).code, 1);
    assertEquals((await pack("find", "zz9", "--offline")).code, 0);
    assertEquals((await pack("update", "x")).code, 2);
  }));

Deno.test("--pack takes the name of an installed pack, of one release where there are several", () =>
  withPacks(async ({ pack, tapir }) => {
    await pack("install", "V::ABC1xx_DFP", "V::ABC1xx_DFP@1.0.0");
    const origin = async (name: string) => {
      const { stdout } = await tapir("list", "-t", "--pack", name, "-n", "abc101", "--json");
      return JSON.parse(stdout).targets[0].pack.replace(/^.*\//, "");
    };
    assertEquals(await origin("V::ABC1xx_DFP@1.0.0"), "V.ABC1xx_DFP.1.0.0.pack");
    assertEquals(await origin("V::ABC1xx_DFP"), "V.ABC1xx_DFP.2.0.0.pack");
    const missing = await tapir("list", "-t", "--pack", "V::ABC1xx_DFP@3.0.0");
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.stderr, "no installed pack is called that");
  }));

Deno.test("tapir pack find fetches an index again that is damaged", () =>
  withPacks(async ({ pack, root }) => {
    assertEquals((await pack("find", "abc101")).code, 0);
    Deno.writeTextFileSync(`${root}/.Web/index.pidx`, "<index>");
    const found = await pack("find", "abc101");
    assertEquals(found.code, 0, found.stderr);
    assertStringIncludes(found.stderr, "Fetching the index of packs");
    assertEquals((await pack("install", "http://")).code, 2);
  }));

Deno.test("tapir pack --offline uses what is there, and says what it would need", () =>
  withPacks(async ({ server, pack }) => {
    const none = await pack("find", "abc101", "--offline");
    assertEquals(none.code, 1);
    assertStringIncludes(none.stderr, "among the packs on this computer");
    await pack("find", "abc101");
    paths(server);
    assertEquals((await pack("find", "abc101", "--offline")).code, 0);
    const install = await pack("install", "abc101", "--offline");
    assertEquals(install.code, 1);
    assertStringIncludes(install.stderr, "only what is on this computer is asked for (Leave out --offline)");
    assertEquals(paths(server), []);
  }));

Deno.test("tapir pack remove and clean touch what is named or Tapir's own", () =>
  withPacks(async ({ pack, root }) => {
    await pack("install", "abc101", "stm32f407vg");
    const foreign = `${root}/.Download/X.Y.1.0.0.pack`;
    Deno.writeTextFileSync(foreign, "");
    const unknown = await pack("remove", "V::ABC1xx_DFP", "Nope::Nope");
    assertEquals([unknown.code, (await pack("list", "-H")).stdout.split("\n").length], [2, 4]);
    assertEquals((await pack("remove", "V.ABC1xx_DFP")).code, 0);
    assertEquals((await pack("remove", "")).code, 2);
    const clean = await pack("clean", "--json");
    assertEquals(JSON.parse(clean.stdout).removed.sort(), [
      ".Download/Tapir.Demo_DFP.1.0.0.pack",
      ".Web/Tapir.Demo_DFP.pdsc",
      ".Web/V.ABC1xx_DFP.pdsc",
      ".Web/W.Odd.pdsc",
      ".Web/index.pidx",
    ]);
    assertEquals([...Deno.readDirSync(`${root}/.Download`)].map(({ name }) => name), ["X.Y.1.0.0.pack"]);
  }));

Deno.test("tapir pack show prints map, algorithms and choice; --flm changes it", () =>
  withPacks(async ({ pack }) => {
    await pack("install", "stm32f407vg");
    const text = (await pack("show", "stm32f407vg")).stdout;
    for (
      const line of [
        "STM32F407VG (STMicroelectronics) STM32F4 Series",
        "  IROM1   flash  0x08000000  1 MiB    rx      boot, default  STM32F4_demo.FLM",
        "  STM32F4_demo.FLM  0x08000000  1 MiB  –    yes      yes     –          present",
      ]
    ) assertStringIncludes(text, line);
    const flm = `${DEMO}Tapir.Demo_DFP/STM32F4_demo.FLM@0x08000000,0x4000`;
    const json = JSON.parse((await pack("show", "-t", "stm32f407vg", "--flm", flm, "--json")).stdout);
    assertEquals(json.algorithms.map((each: { size: number; chosen: boolean }) => [each.size, each.chosen]), [
      [0x4000, true],
      [0x100000, false],
    ]);
    const list = await pack("show");
    assertStringIncludes(list.stdout, "Tapir.Demo_DFP  1.0.0");
    assertEquals((await pack("show", "stm32f407vg", "abc101")).code, 2);
    assertEquals((await pack("show", "stm32f407vg", "--flm", "x.FLM@here")).code, 2);
    assertEquals((await pack("show", "stm32f407vg", "--algorithm", "other")).code, 2);
  }));

Deno.test("tapir pack show prints boards with the chip, and data patches with --json", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const text = pdscText("V", "P", "1.0.0", ["ABC101"])
      .replace("</device>", '<debug><datapatch address="0xE00FF000" value="0x1"/></debug></device>')
      .replace(
        "</package>",
        '<boards><board vendor="V" name="Kit"><mountedDevice Dname="ABC101"/>' +
          '<memory name="QSPI" access="rx" start="0x90000000" size="8M"/>' +
          '<algorithm name="Kit.FLM" start="0x90000000" size="8M"/></board>' +
          '<board vendor="V" name="Else"><mountedDevice Dname="ABC102"/></board></boards></package>',
      );
    await Deno.writeTextFile(`${folder}/V.P.pdsc`, text);
    const shown = await runCli(["pack", "show", "--pack", folder]);
    assertEquals(shown.code, 0, shown.stderr);
    assertStringIncludes(shown.stdout, "  Kit   V       QSPI 0x90000000+8 MiB  Kit.FLM\n");
    assert(!shown.stdout.includes("Else"));
    const json = JSON.parse((await runCli(["pack", "show", "--pack", folder, "--json"])).stdout);
    assertEquals(json.boards.map((board: { name: string }) => board.name), ["Kit"]);
    assertEquals(json.debugs[0].dataPatches.length, 1);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("tapir pack install refuses other kinds of addresses at once", () =>
  withPacks(async ({ pack }) => {
    const { code, stderr } = await pack("install", "ftp://example.invalid/V.P.1.0.0.pack");
    assertEquals(code, 2);
    assertStringIncludes(stderr, "from http and https addresses only");
  }));

Deno.test("tapir pack bundle makes a file that --pack takes where no pack is installed", () =>
  withPacks(async ({ pack, tapir, root }) => {
    await pack("install", "stm32f407vg", "abc101");
    const made = await pack("bundle", "-o", "ci.zip", "-t", "stm32f407vg", "V::ABC1xx_DFP");
    assertEquals(made.code, 0, made.stderr);
    Deno.removeSync(root, { recursive: true });
    const flags = ["-u", "sim:stm32f407", "-t", "stm32f407vg", "--pack", "ci.zip"];
    const flashed = await tapir("flash", ...flags, `${DEMO}blinky.elf`);
    assertEquals(flashed.code, 0, flashed.stderr);
    const list = await tapir("list", "-t", "--pack", "ci.zip", "-H", "-n", "abc101");
    assertStringIncludes(list.stdout, "ABC101");
    assertEquals((await pack("bundle", "-t", "stm32f407vg")).code, 2);
    assertEquals((await pack("bundle", "-o", "x.zip", "-t", "stm32f407vg")).code, 2);
  }));

Deno.test("tapir pack refuses actions and options that do not belong together", () =>
  withPacks(async ({ tapir }) => {
    const cases: [string[], string][] = [
      [["pack"], "missing required argument"],
      [["pack", "instal", "x"], "Did you mean install?"],
      [["pack", "list", "--unpack"], "Cannot use --unpack with pack list"],
      [["pack", "find"], "Cannot find packs: say which"],
      [["pack", "clean", "x"], "Cannot clean single packs"],
      [["pack", "find", "x", "--url", "not an address"], "Cannot use not an address as a mirror"],
      [["pack", "find", "x", "--ca", "/no/such"], "Cannot read certificates from /no/such"],
    ];
    for (const [argv, says] of cases) {
      const { code, stderr } = await tapir(...argv);
      assertEquals(code, 2, argv.join(" "));
      assertStringIncludes(stderr, says);
    }
  }));

Deno.test("tapir flash --flm programs through the algorithm of a file", () =>
  withPacks(async ({ tapir, pack }) => {
    await pack("install", "stm32f407vg");
    const flags = ["-u", "sim:stm32f407", "-t", "stm32f407vg", "--flm", `${DEMO}Tapir.Demo_DFP/STM32F4_demo.FLM`];
    const flashed = await tapir("flash", ...flags, `${DEMO}blinky.elf`);
    assertEquals(flashed.code, 0, flashed.stderr);
    const missing = await tapir("flash", ...flags.slice(0, 4), "--flm", "none.FLM", `${DEMO}blinky.elf`);
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.stderr, "there is no such file");
    const unknown = await tapir("erase", ...flags.slice(0, 4), "--algorithm", "none", "--chip");
    assertStringIncludes(unknown.stderr, "Algorithms of STM32F407VG: STM32F4_demo");
  }));

const real = sharedData("packs/Keil.STM32H5xx_DFP.2.1.0.pack");
Deno.test({
  name: `tapir pack show prints everything about a device of a real pack${why(real.missing, "packs")}`,
  ignore: real.missing,
  fn: () =>
    withPacks(async ({ pack }) => {
      const run = await pack("show", "--pack", real.path, "STM32H573ZITx", "--json");
      const shown = JSON.parse(run.stdout);
      assertEquals([run.code, shown.name, shown.pack.version], [0, "STM32H573ZITx", "2.1.0"]);
      assert(shown.sequences.length > 5 && shown.algorithms.length >= 2 && shown.memory.length > 2);
      assert(shown.debugVars.code.includes("__var"));
      const devices = JSON.parse((await pack("show", "--pack", real.path, "--json")).stdout);
      assertEquals(devices.devices.length, 75);
    }),
});

Deno.test("tapir pack install refuses a path that is no pack file before it asks the network", () =>
  withPacks(async ({ pack, server }) => {
    const { code, stderr } = await pack("install", "build/app.elf");
    assertEquals(code, 2);
    assertStringIncludes(stderr, "Cannot install build/app.elf: it is no pack file\nHint: ");
    assertEquals(server.requests.length, 0);
  }));
