import { parentPort, workerData } from "node:worker_threads";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { DurableFiles } from "./durable-files.ts";
import type { EmbeddedWorkerData } from "./embedded.ts";
import { FrugalPGlite } from "./frugal-pglite.ts";

const { folder, socketPath } = workerData as EmbeddedWorkerData;
const database = new FrugalPGlite(new DurableFiles(folder));
await database.waitReady;
const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: 4 });
await server.start();

parentPort?.on("message", () => {
  void server
    .stop()
    .then(() => database.close())
    .finally(() => parentPort?.postMessage("stopped"));
});
parentPort?.postMessage("ready");
