import { randomUUID } from "node:crypto";
import { assumeRole, assumeRoleXml } from "../auth/assume-role.ts";
import { ServiceError } from "../service-error.ts";
import type { Call, Outcome } from "./call.ts";

export function assumeRoleOperation({ state, request }: Call): Outcome {
  const form = new URLSearchParams(request.body.toString());
  if (form.get("Action") !== "AssumeRole")
    throw new ServiceError("ValidationException", "Could not find operation for the request");
  const session = assumeRole(form, state.clock.now());
  state.sessions.set(session.accessKeyId, session);
  const body = assumeRoleXml(session, randomUUID());
  return { reply: { status: 200, headers: { "content-type": "text/xml" }, body } };
}
