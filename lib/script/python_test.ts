import { assertEquals } from "@std/assert";
import { pythonScriptError } from "./python.ts";

const SCRIPT = `from pyocd.core.target import Target

@command(help="Show a word.",
    aliases=["pk"])
def peek(address: int):
    pass

class Helper:
    def will_connect(self):
        pass

def helper():
    def did_reset(core, reset_type):
        pass

async def mass_erase():
    return True

def set_reset_catch(core, reset_type):
    pass
`;

Deno.test("pythonScriptError() tells what delegates and commands become, and leaves out everything else", () => {
  const { message, hint, exitCode } = pythonScriptError("u.py", SCRIPT.replaceAll("\n", "\r\n"));
  assertEquals(message, "Cannot load user script u.py: it is Python, and user scripts are TypeScript now");
  assertEquals(exitCode, 2);
  assertEquals(hint?.split("\n  ").slice(1), [
    '@command def peek becomes command({ name: "peek", … }, …)',
    "def mass_erase becomes export function mass_erase()",
    "def set_reset_catch becomes export function set_reset_catch({ core, resetType })",
  ]);
});

Deno.test("pythonScriptError() is quick with text that almost is a decorator", () => {
  const begun = performance.now();
  pythonScriptError("u.py", "@command\n" + " \n\n".repeat(50_000) + "x");
  assertEquals(performance.now() - begun < 2000, true);
});
