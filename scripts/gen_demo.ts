/**
 * Builds what the demo flashes and with what: `deno run -A scripts/gen_demo.ts` compiles scripts/demo/*.c with
 * arm-none-eabi-gcc (Debian: gcc-arm-none-eabi) into blinky.elf and the flash algorithm of the demo pack, and the one of
 * scripts/examples/external_flash. All are committed, so that the demo runs on a machine without a compiler; `--check`
 * says whether they are up to date.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
const folder = new URL("demo/", import.meta.url);

const COMMON = [
  "-mthumb",
  "-Os",
  "-ffreestanding",
  "-nostdlib",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-fno-tree-loop-distribute-patterns",
  "-Wl,--build-id=none",
];

const BUILDS = [
  {
    output: "Tapir.Demo_DFP/STM32F4_demo.FLM",
    args: ["-mcpu=cortex-m4", "-T", "algorithm.ld", "algorithm.c"],
  },
  {
    output: "../examples/external_flash/external_flash.FLM",
    args: ["-mcpu=cortex-m4", "-T", "algorithm.ld", "../examples/external_flash/external_flash.c"],
  },
  {
    output: "blinky.elf",
    args: ["-mcpu=cortex-m4", "-g1", "-T", "firmware.ld", "firmware.c"],
  },
];

const check = Deno.args.includes("--check");
for (const { output, args } of BUILDS) {
  const built = await Deno.makeTempFile();

  const { success } = await new Deno.Command("arm-none-eabi-gcc", {
    args: [...COMMON, `-fdebug-prefix-map=${fileURLToPath(folder).replace(/\/$/, "")}=demo`, ...args, "-o", built],
    cwd: folder,
  }).spawn().status;
  if (!success) Deno.exit(1);
  const bytes = await Deno.readFile(built);
  await Deno.remove(built);
  if (!check) {
    await Deno.writeFile(new URL(output, folder), bytes);
    console.error(`${output}: ${bytes.length} bytes`);
  } else {
    const committed = await Deno.readFile(new URL(output, folder));
    if (committed.length !== bytes.length || committed.some((byte, i) => byte !== bytes[i])) {
      console.error(`${output} is not what its source gives: run scripts/gen_demo.ts`);
      Deno.exit(1);
    }
  }
}
