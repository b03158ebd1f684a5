import { z } from "zod";
import { faultSchema } from "./faults/fault.ts";
import { describeIssues } from "./script.ts";
import type { State } from "./state.ts";
import type { Reply } from "./transport/reply.ts";
import type { WireRequest } from "./transport/wire-request.ts";

const faultList = z.array(faultSchema);

/** The emulator's own endpoints, under /_emulator; no credentials are asked for. */
export function controlReply({ faults, received }: State, request: WireRequest): Reply {
  const name = `${request.method} ${request.segments.slice(1).join("/")}`;
  switch (name) {
    case "GET requests":
      return json(200, { count: received.count, requests: received.list() });
    case "DELETE requests":
      received.clear();
      return json(200, { count: 0 });
    case "GET faults":
      return json(200, faults.list());
    case "DELETE faults":
      faults.set([]);
      return json(200, []);
    case "PUT faults": {
      const read = faultList.safeParse(parsed(request.body));
      if (!read.success)
        return json(400, { message: `not a list of faults:\n${describeIssues(read.error)}` });
      faults.set(read.data);
      return json(200, faults.list());
    }
    case "GET ":
    case "GET health":
      return json(200, { ok: true });
    default:
      return json(404, {
        message: "there are: GET, DELETE /_emulator/requests; GET, PUT, DELETE /_emulator/faults",
      });
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
}

function json(status: number, body: unknown): Reply {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
