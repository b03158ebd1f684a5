/** What stands before the tables. */
export const INTRODUCTION = `# Which client works with which provider

Every cell of this page was tried: a real client, over a real socket, through a running gateway, to a provider that holds
requests to its own API's rules and answers in a way that proves what has reached it. A cell is

- **✓** where the application gets exactly what it asked for, and the exchange's record says so; a number tells what to know
  about it,
- **✗** where it is refused: the client's own error class with a sentence that says why, under the number below the table. The
  first number of it is the status that the client sees, then comes Switchyard's code,
- **–** where the client itself has no way to ask for it, or the provider cannot be told to do it.

Nothing is left out in silence: what is neither ✓ nor a clear ✗ fails the build. Targets are configured as they come out of the
box, so what a target cannot express is refused; with \`unsupported: drop\` what is not needed is left out and named instead.

\`npm run compatibility\` makes this page; a test says when it is stale. \`npm run compatibility -- --llama\` also asks a real
llama.cpp, which is compiled the first time; without it that column stays as it is. The providers are emulations that refuse
what the real ones refuse, Amazon Bedrock's being \`switchyard emulate bedrock\`; what they are held to is in
\`test/compatibility/upstreams\`.
`;
