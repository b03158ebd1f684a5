import fs from "node:fs";
import { NodeFS } from "@electric-sql/pglite/nodefs";

type InitArguments = Parameters<NodeFS["init"]>;
type InitResult = Awaited<ReturnType<NodeFS["init"]>>;

/** What Emscripten's file system over Node's hands to its operations. */
interface NodeStream {
  readonly nfd: number;
}

interface EmscriptenModule {
  readonly FS: {
    readonly filesystems: {
      readonly NODEFS: { readonly stream_ops: Record<string, (stream: NodeStream) => number> };
    };
  };
}

/**
 * Files of the embedded database on disk, where PostgreSQL's fsync is one: PGlite's own leaves the operation out, so that
 * after a power failure data and log may contradict each other.
 */
export class DurableFiles extends NodeFS {
  override async init(...[database, options]: InitArguments): Promise<InitResult> {
    const result = await super.init(database, options);
    const { preRun } = result.emscriptenOpts;
    (preRun as unknown as ((module: EmscriptenModule) => void)[]).push((module) => {
      module.FS.filesystems.NODEFS.stream_ops["fsync"] = ({ nfd }) => {
        fs.fsyncSync(nfd);
        return 0;
      };
    });
    return result;
  }
}
