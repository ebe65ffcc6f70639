/**
 * The standalone program on a stock Debian kernel: a QEMU guest with simulated probes plugged in by usbredir, the host's
 * files as its root. Run by scripts/ci_usb.sh: `deno run -A tests/usb/rung2.ts`. Needs dist/tapir and the packages that
 * ci_usb.sh installs; no hardware, no KVM.
 *
 * @module
 */
import { Bench, isFile, packetsInMemory, ROOT, run } from "./rung1.ts";

const HERE = decodeURIComponent(new URL("qemu/", import.meta.url).pathname);
const CACHE = `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/tapir-ci/qemu`;
const LIMIT_MS = 180_000;
const POLL_MS = 50;

/** How QEMU is started, but for the probes. One processor is faster than several under emulation. */
function machine(shared: string, monitor: string): string[] {
  const append = `console=ttyS0 panic=-1 quiet loglevel=3 mitigations=off nokaslr tapir.run=${HERE}guest.sh`;
  return [
    "qemu-system-x86_64",
    ...["-M", "pc", "-accel", "tcg,tb-size=512", "-cpu", "max", "-m", "2048", "-smp", "1"],
    ...["-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio"],
    ...["-monitor", `unix:${monitor},server=on,wait=off`],
    ...["-kernel", `${CACHE}/vmlinux`, "-initrd", `${CACHE}/initrd.gz`, "-append", append],
    "-virtfs",
    "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
    "-virtfs",
    `local,path=${shared},mount_tag=shared,security_model=none`,
    ...["-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng,romfile="],
    ...["-device", "qemu-xhci"],
  ];
}

function plug(name: string, socket: string, port: number): string[] {
  return ["-chardev", `socket,id=${name},path=${socket}`, "-device", `usb-redir,chardev=${name},port=${port}`];
}

/** Gives QEMU's monitor a command. */
async function command(monitor: string, line: string): Promise<void> {
  const connection = await Deno.connect({ transport: "unix", path: monitor });
  try {
    const reader = connection.readable.pipeThrough(new TextDecoderStream()).getReader();
    const untilPrompt = async (): Promise<string> => {
      let text = "";
      while (!text.endsWith("(qemu) ")) {
        const { value } = await reader.read();
        if (value === undefined) throw new Error(`QEMU's monitor ended at: ${line}`);
        text += value;
      }
      return text;
    };
    await untilPrompt();
    await connection.write(new TextEncoder().encode(`${line}\n`));
    const answer = await untilPrompt();
    if (answer.includes("Error")) throw new Error(answer);
  } finally {
    connection.close();
  }
}

/** Plugs a probe in while the guest runs; each time needs a name of its own, as pulling takes the connection along. */
async function plugLate(monitor: string, name: string, socket: string): Promise<void> {
  await command(monitor, `chardev-add socket,id=${name},path=${socket}`);
  await command(monitor, `device_add usb-redir,chardev=${name},id=${name},port=3`);
}

/** Does `work` once the guest has written a file, unless it ends before. */
async function whenWritten(path: string, ended: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!ended.aborted) {
    if (isFile(path)) return await work();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Runs the guest; whether everything in it, and the comparison of packets, went well. */
async function main(): Promise<boolean> {
  const built = await run(["bash", `${HERE}build.sh`, CACHE], { timeoutMs: 120_000 });
  if (built.code !== 0) throw new Error(`Cannot build the guest: ${built.stderr}`);
  const shared = await Deno.makeTempDir({ prefix: "tapir-guest-" });
  await Deno.writeTextFile(`${shared}/checkout`, ROOT.replace(/\/$/, ""));
  await Deno.copyFile(`${CACHE}/udevd`, `${shared}/udevd`);

  const options = { protocol: "usbredir" } as const;
  await using general = await Bench.start([{ board: "stm32f407", serial: "0240000000004e45" }], options);
  const flashed = [{ board: "stm32f407", serial: "0221000000000001" }];
  await using flash = await Bench.start(flashed, { ...options, realTime: false });
  await using late = await Bench.start([{ board: "stm32f407", serial: "0240000000000003" }], options);
  const monitor = `${shared}/monitor`;
  const guest = new Deno.Command("timeout", {
    args: [
      "--signal=KILL",
      String(LIMIT_MS / 1000),
      ...machine(shared, monitor),
      ...plug("general", general.socket, 1),
      ...plug("flash", flash.socket, 2),
    ],
    stdin: "null",
  }).spawn();
  const ended = new AbortController();
  let packets = { packets: 0, digest: 0 };
  const watches = [
    whenWritten(`${shared}/flashed`, ended.signal, async () => {
      packets = (await flash.counters())[0]!;
      await Deno.writeTextFile(`${shared}/counted`, "");
    }),
    whenWritten(`${shared}/unplug`, ended.signal, () => general.unplug(0)),
    ...["late1", "late2"].flatMap((name) => [
      whenWritten(`${shared}/plug-${name}`, ended.signal, () => plugLate(monitor, name, late.socket)),
      whenWritten(`${shared}/pull-${name}`, ended.signal, () => command(monitor, `device_del ${name}`)),
    ]),
  ];
  const { code } = await guest.status;
  ended.abort();
  await Promise.all(watches);
  const inGuest = isFile(`${shared}/exit-code`) ? (await Deno.readTextFile(`${shared}/exit-code`)).trim() : "none";
  await Deno.remove(shared, { recursive: true });

  const pack = `${ROOT}scripts/demo/Tapir.Demo_DFP`;
  const argv = ["flash", "-t", "STM32F407VG", "--pack", pack, `${ROOT}scripts/demo/blinky.elf`];
  const expected = await packetsInMemory(argv);
  const isSame = packets.digest === expected.digest;
  console.log(
    `flash in the guest: ${packets.packets} packets, in memory ${expected.packets}, ${isSame ? "" : "not "}the same`,
  );
  console.log(`rung 2: qemu ${code}, guest ${inGuest}`);
  return code === 0 && inGuest === "0" && isSame;
}

if (import.meta.main) Deno.exit(await main() ? 0 : 1);
