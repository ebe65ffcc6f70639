/**
 * What debug sequences may ask of the computer they run on: the user, files, other programs.
 *
 * @module
 */
import { TargetError } from "../base/errors.ts";

/** A program to run, paths not yet expanded. */
export interface ProgramRun {
  /** The program, or the script. */
  readonly path: string;
  /** Arguments as one line. */
  readonly args: string;
  /** Working directory; the project's when empty. */
  readonly directory: string;
  /** Limit in microseconds; 0 has none of its own. */
  readonly timeoutUs: bigint;
  /** Run the path as a Python script. */
  readonly python: boolean;
}

/** The computer, as the session offers it. Paths may hold the placeholders of the specification. */
export interface SequenceIo {
  /** Asks the user to press a button; undefined when nobody is there to answer. */
  query?(kind: number, message: string): Promise<bigint | undefined>;
  /** Asks the user for a number; undefined when nobody is there to answer, or the answer is none. */
  queryValue?(message: string): Promise<bigint | undefined>;
  /** Reads up to `length` bytes. @throws {TapirError} */
  readFile(path: string, length: bigint, timeoutUs: bigint): Promise<Uint8Array>;
  /** Writes a file. @throws {TapirError} */
  writeFile(path: string, bytes: Uint8Array, append: boolean, timeoutUs: bigint): Promise<void>;
  /** Whether a path exists, waiting up to `timeoutUs` microseconds for it. */
  fileExists(path: string, timeoutUs: bigint): Promise<boolean>;
  /** Runs a program. @returns its exit code @throws {TapirError} when that is not permitted */
  runProgram(run: ProgramRun): Promise<number>;
  /** Loads symbols of a file in the pack. @returns whether that worked */
  loadDebugInfo(path: string): Promise<boolean>;
}

/** A computer that offers nothing. */
export const NO_IO: SequenceIo = {
  readFile: (path) => Promise.reject(refusal(`read ${path}`)),
  writeFile: (path) => Promise.reject(refusal(`write ${path}`)),
  fileExists: () => Promise.resolve(false),
  runProgram: ({ path }) => Promise.reject(refusal(`run ${path}`)),
  loadDebugInfo: () => Promise.resolve(false),
};

function refusal(what: string): TargetError {
  return new TargetError(`Cannot ${what} for a debug sequence: no access to files and programs was given`, {
    code: "sequence-io",
  });
}
