// The AI SDK (npm: ai, @ai-sdk/openai): an answer of both interfaces, with its sources.
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText } from "ai";

const question = process.env.QUESTION ?? "When was the lamp of the lighthouse lit for the first time?";
const name = process.env.MODEL ?? "rag/demo";
const rag = createOpenAI({ baseURL: `${process.env.RAG ?? "http://localhost:8000"}/v1`, apiKey: "none" });

const { text, sources } = await generateText({ model: rag(name), prompt: question });
console.log(text);
for (const source of sources) console.log("   <-", source.title, source.url);

const streamed = streamText({ model: rag.chat(name), prompt: question });
for await (const part of streamed.fullStream) {
  if (part.type === "text-delta") console.log(part.text);
  if (part.type === "source") console.log("   <-", part.title, part.url);
}
