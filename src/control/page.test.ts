import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import test from "node:test";
import { startGateway, targetsOn, type TestGateway } from "../../test/support/gateway.ts";
import { documentHtml } from "./doc-page.ts";
import { pageRoutes } from "./page.ts";

const DOCS = new URL("../../docs/", import.meta.url);
const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

const start = (): Promise<TestGateway> =>
  startGateway(targetsOn("http://127.0.0.1:9/v1", ["fine"]), {
    routes: (gateway) => pageRoutes(gateway, () => "http://gateway.test"),
  });

async function pageAt(url: string, headers: Record<string, string> = BROWSER): Promise<string> {
  const response = await fetch(url, { headers });
  assert.equal(response.status, 200, url);
  assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  return response.text();
}

const linksOf = (html: string): string[] => [...html.matchAll(/href="([^"]+)"/g)].map(([, to = ""]) => to);

test("every document is listed, those for clients too", async () => {
  await using gateway = await start();
  const listed = linksOf(await pageAt(`${gateway.url}/docs`));
  const files = await readdir(DOCS, { recursive: true });
  const documents = files.filter((file) => /\.(md|json)$/.test(file));
  assert.ok(documents.includes("guides/clients/README.md"));
  for (const file of documents) assert.ok(listed.includes(`/docs/${file}`), file);
});

test("every link of every document leads to a document, and to a heading that is there", async () => {
  await using gateway = await start();
  const pages = new Map<string, string>();
  const read = async (url: string): Promise<string> => {
    const page = pages.get(url) ?? (await pageAt(url));
    pages.set(url, page);
    return page;
  };
  const listed = linksOf(await pageAt(`${gateway.url}/docs`)).filter((link) => link.startsWith("/docs/"));
  let walked = 0;
  for (const document of listed) {
    const url = gateway.url + document;
    for (const link of linksOf(await read(url))) {
      const to = new URL(link, url);
      if (to.origin !== gateway.url) continue;
      const page = await read(to.origin + to.pathname);
      if (to.hash !== "") assert.ok(page.includes(`id="${to.hash.slice(1)}"`), `${document}: ${link}`);
      walked++;
    }
  }
  assert.ok(walked > listed.length);
});

test("who asks for no page gets the document as it was written", async () => {
  await using gateway = await start();
  const text = await pageAt(`${gateway.url}/docs/guides/clients/openai.md`, { accept: "*/*" });
  assert.equal(text, await readFile(new URL("guides/clients/openai.md", DOCS), "utf8"));
});

test("a document's text is never markup", () => {
  assert.equal(
    documentHtml('# A & B\n<script> [x](javascript:alert) [a](b.md#c) [w](https://x.test/"y)\n'),
    '<b id="a--b"># A &#38; B</b>\n&#60;script&#62; [x](javascript:alert) <a href="b.md#c">a</a> ' +
      '<a href="https://x.test/&#34;y">w</a>\n',
  );
});

test("what stands in a fence has neither headings nor links", () => {
  const fence = "```sh\n# no heading\n[x](y.md)\n```";
  assert.equal(documentHtml(`${fence}\n## One\n`), `${fence}\n<b id="one">## One</b>\n`);
});

test("the start page has a snippet for each SDK", async () => {
  await using gateway = await start();
  const page = await pageAt(gateway.url);
  for (const name of ["curl", "OpenAI SDK", "Anthropic SDK", "AWS SDK"])
    assert.ok(page.includes(`<h2>${name}</h2>`), name);
  assert.match(page, /baseURL: &#34;http:\/\/gateway\.test\/anthropic&#34;/);
});
