import test from "node:test";

test("trap 20: a price list's units, doubled and placeholder rows", {
  todo: "price lists are not imported yet",
});
test("trap 26: a document of another tenant never reaches an answer", {
  todo: "there are no knowledge bases yet",
});
test("trap 27: batches whose lines come shuffled or in part", { todo: "there are no batches yet" });
test("trap 28: totals of an imported invocation log", { todo: "logs are not imported yet" });
test("trap 29: a Step Functions client with its host prefix", {
  todo: "there is no endpoint for Step Functions yet",
});
