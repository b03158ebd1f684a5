import { PGlite } from "@electric-sql/pglite";

/**
 * Makes an empty embedded database, in a process of its own: making it takes more than a gigabyte of memory, which a
 * process does not give back.
 */
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("the folder of the database is missing");
const database = await PGlite.create(folder);
await database.close();
process.exit(0);
