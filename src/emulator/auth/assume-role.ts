import { hash, randomBytes } from "node:crypto";
import { ServiceError } from "../service-error.ts";
import type { Session } from "./identity.ts";

const ROLE = /^arn:aws[\w-]*:iam::(\d{12}):role\/(?:[\w+=,.@/-]+\/)?([\w+=,.@-]{1,64})$/;
const SESSION_NAME = /^[\w+=,.@-]*$/;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const MOST_TAGS = 50;
const DEFAULT_SECONDS = 3_600;

/**
 * STS AssumeRole: any role may be assumed; name and tags of the session are held to STS's rules.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 *
 * @throws ServiceError
 */
export function assumeRole(form: URLSearchParams, nowMs: number): Session {
  const faults: string[] = [];
  const arn = form.get("RoleArn") ?? "";
  const role = ROLE.exec(arn);
  if (role === null)
    faults.push(fault(arn, "roleArn", "Member must satisfy regular expression pattern: arn:.*"));
  const sessionName = form.get("RoleSessionName") ?? "";
  checkLength(sessionName, "roleSessionName", 2, 64, faults);
  if (!SESSION_NAME.test(sessionName))
    faults.push(
      fault(sessionName, "roleSessionName", "Member must satisfy regular expression pattern: [\\w+=,.@-]*"),
    );
  const seconds = Number(form.get("DurationSeconds") ?? DEFAULT_SECONDS);
  if (!(seconds >= 900)) faults.push(fault(String(seconds), "durationSeconds", atLeast("value", 900)));
  if (seconds > 43_200) faults.push(fault(String(seconds), "durationSeconds", atMost("value", 43_200)));
  const tags = readTags(form, faults);
  if (faults.length > 0) {
    const count = `${faults.length} validation error${faults.length === 1 ? "" : "s"} detected`;
    throw new ServiceError("ValidationException", `${count}: ${faults.join("; ")}`);
  }
  return {
    accessKeyId: `ASIA${upperLetters(16)}`,
    secretAccessKey: randomBytes(30).toString("base64"),
    sessionToken: randomBytes(240).toString("base64"),
    expiresAtMs: nowMs + seconds * 1_000,
    account: role?.[1] ?? "",
    roleName: role?.[2] ?? "",
    sessionName,
    tags,
  };
}

/** The answer of STS, which is XML. */
export function assumeRoleXml(session: Session, requestId: string): string {
  const { account, roleName, sessionName } = session;
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <AssumedRoleId>${roleId(account, roleName)}:${escapeXml(sessionName)}</AssumedRoleId>
      <Arn>arn:aws:sts::${account}:assumed-role/${escapeXml(roleName)}/${escapeXml(sessionName)}</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>${session.accessKeyId}</AccessKeyId>
      <SecretAccessKey>${escapeXml(session.secretAccessKey)}</SecretAccessKey>
      <SessionToken>${escapeXml(session.sessionToken)}</SessionToken>
      <Expiration>${new Date(session.expiresAtMs).toISOString().replace(/\.\d+/, "")}</Expiration>
    </Credentials>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>
</AssumeRoleResponse>
`;
}

/** STS words its errors in XML and has codes of its own. */
export function stsErrorXml(type: string, message: string, requestId: string): string {
  const code = type === "ValidationException" ? "ValidationError" : type.replace(/Exception$/, "");
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>${escapeXml(STS_CODES[type] ?? code)}</Code>
    <Message>${escapeXml(message)}</Message>
  </Error>
  <RequestId>${requestId}</RequestId>
</ErrorResponse>
`;
}

const STS_CODES: Readonly<Record<string, string>> = {
  UnrecognizedClientException: "InvalidClientTokenId",
  InvalidSignatureException: "SignatureDoesNotMatch",
  MissingAuthenticationTokenException: "MissingAuthenticationToken",
  ExpiredTokenException: "ExpiredToken",
};

/** `Tags.member.1.Key=…&Tags.member.1.Value=…` */
function readTags(form: URLSearchParams, faults: string[]): Record<string, string> {
  const tags: Record<string, string> = {};
  const seen = new Set<string>();
  let count = 0;
  for (let at = 1; form.has(`Tags.member.${at}.Key`); at++, count++) {
    const key = form.get(`Tags.member.${at}.Key`) ?? "";
    const value = form.get(`Tags.member.${at}.Value`) ?? "";
    checkLength(key, `tags.${at}.member.key`, 1, 128, faults);
    checkLength(value, `tags.${at}.member.value`, 0, 256, faults);
    for (const [text, name] of [
      [key, "key"],
      [value, "value"],
    ] as const)
      if (!TAG_TEXT.test(text))
        faults.push(
          fault(
            text,
            `tags.${at}.member.${name}`,
            "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+",
          ),
        );
    if (seen.has(key.toLowerCase()))
      throw new ServiceError(
        "ValidationException",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
      );
    seen.add(key.toLowerCase());
    tags[key] = value;
  }
  if (count > MOST_TAGS) faults.push(fault(String(count), "tags", atMost("length", MOST_TAGS)));
  return tags;
}

function checkLength(text: string, path: string, least: number, most: number, faults: string[]): void {
  if (text.length < least) faults.push(fault(text, path, atLeast("length", least)));
  if (text.length > most) faults.push(fault(text, path, atMost("length", most)));
}

function fault(value: string, path: string, constraint: string): string {
  return `Value '${value}' at '${path}' failed to satisfy constraint: ${constraint}`;
}

function atLeast(what: string, least: number): string {
  return `Member must have ${what} greater than or equal to ${least}`;
}

function atMost(what: string, most: number): string {
  return `Member must have ${what} less than or equal to ${most}`;
}

/** The same for the same role, as unique ids of IAM are. */
function roleId(account: string, roleName: string): string {
  return `AROA${hash("sha256", `${account}/${roleName}`).slice(0, 17).toUpperCase()}`;
}

function upperLetters(length: number): string {
  return Array.from(randomBytes(length), (byte) => LETTERS[byte % LETTERS.length]).join("");
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
