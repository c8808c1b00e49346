"""LlamaIndex: a chat model with citations, and a retriever, of this service."""

import os

import httpx
from llama_index.core.llms import ChatMessage
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.llms.openai_like import OpenAILike

QUESTION = os.environ.get("QUESTION", "When was the lamp of the lighthouse lit for the first time?")
RAG = os.environ.get("RAG", "http://localhost:8000")
MODEL = os.environ.get("MODEL", "rag/demo")


class Passages(BaseRetriever):
    """The best passages of an index."""

    k = 4

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        body = {"query": query_bundle.query_str, "k": self.k, "index": MODEL.removeprefix("rag/")}
        hits = httpx.post(f"{RAG}/v1/search", json=body).raise_for_status().json()["hits"]
        return [
            NodeWithScore(node=TextNode(text=hit.pop("text"), metadata=hit), score=hit["score"] or 0.0) for hit in hits
        ]


chat = OpenAILike(api_base=f"{RAG}/v1", api_key="none", model=MODEL, is_chat_model=True)
answer = chat.chat([ChatMessage(QUESTION)])
print(answer.message.content)
for cited in answer.raw.choices[0].message.annotations or []:
    print("   <-", cited.url_citation.title, cited.url_citation.url)
for found in Passages().retrieve(QUESTION):
    print("passage:", found.metadata["title"], found.metadata["start"], found.metadata["end"])
