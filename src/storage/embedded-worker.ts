import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import type { EmbeddedWorkerData } from "./embedded.ts";

const { folder, socketPath } = workerData as EmbeddedWorkerData;
const database = await PGlite.create(folder);
const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: 4 });
await server.start();

parentPort?.on("message", () => {
  void server
    .stop()
    .then(() => database.close())
    .finally(() => parentPort?.postMessage("stopped"));
});
parentPort?.postMessage("ready");
