/**
 * Tries a standalone program as a user would: `deno run -A scripts/try_binary.ts dist/tapir`. Runs it in an empty home
 * and an empty folder, with nothing but its own arguments.
 *
 * @module
 */
const program = await Deno.realPath(Deno.args[0] ?? "dist/tapir");
const demo = await Deno.realPath(new URL("demo/", import.meta.url));
const home = await Deno.makeTempDir();
const chip = ["-u", "sim:stm32f407", "-t", "STM32F407VG", "--pack", `${demo}/Tapir.Demo_DFP`];
let failures = 0;

async function expect(argv: readonly string[], code: number, text: RegExp): Promise<string> {
  const { code: actual, stdout, stderr } = await new Deno.Command(program, {
    args: [...argv],
    cwd: home,
    env: { HOME: home, PATH: "/usr/bin:/bin", NO_COLOR: "1" },
    clearEnv: true,
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  const good = actual === code && text.test(out + err!);
  if (!good) failures++;
  console.log(`${good ? "ok" : "FAILED"}  tapir ${argv.join(" ")}`);
  if (!good) console.log(`exit code ${actual}, expected ${code} and ${text}\n${out}${err}`);
  return out!;
}

await expect(["--version"], 0, /^\d+\.\d+\.\d+/);
await expect(["--help"], 0, /flash/);
await expect(["list", "--probe", "sim:stm32f407"], 0, /stm32f407/);
await expect(["info", ...chip], 0, /Cortex-M4 r0p1/);
await expect(["flash", ...chip, "--dry-run", `${demo}/blinky.elf`], 0, /erase/i);
await expect(["flash", ...chip, `${demo}/blinky.elf`], 0, /verified/);
await expect(["commander", ...chip, "-c", "halt", "-c", "status"], 0, /Halted/i);
await expect(["flash", ...chip, "missing.elf"], 2, /missing\.elf/);
await expect(["flash", "-u", "sim:stm32f40", ...chip.slice(2), `${demo}/blinky.elf`], 2, /stm32f407/);
await expect(["script", "init"], 0, /tapir_user\.ts/);
await expect(["script", "check"], 0, /will_reset/);
await expect(["commander", "-u", "sim:stm32f407", "-t", "cortex_m", "-c", "cpuid"], 0, /CPUID = 0x410fc241/);
await Deno.remove(home, { recursive: true });
if (failures > 0) Deno.exit(1);
