export const CHAT_TEMPLATES = ["llama3", "llama2", "mistral", "chatml", "gemma", "phi3", "plain"] as const;
export type ChatTemplateName = (typeof CHAT_TEMPLATES)[number];
