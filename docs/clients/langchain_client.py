"""LangChain: a chat model with citations, and a retriever, of this service."""

import os

import httpx
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_openai import ChatOpenAI

QUESTION = os.environ.get("QUESTION", "When was the lamp of the lighthouse lit for the first time?")
RAG = os.environ.get("RAG", "http://localhost:8000")
MODEL = os.environ.get("MODEL", "rag/demo")


class Passages(BaseRetriever):
    """The best passages of an index."""

    k: int = 4

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        body = {"query": query, "k": self.k, "index": MODEL.removeprefix("rag/")}
        hits = httpx.post(f"{RAG}/v1/search", json=body).raise_for_status().json()["hits"]
        return [Document(page_content=hit.pop("text"), metadata=hit) for hit in hits]


chat = ChatOpenAI(base_url=f"{RAG}/v1", api_key="none", model=MODEL, use_responses_api=True)
for block in chat.invoke(QUESTION).content:
    print(block["text"])
    for cited in block["annotations"]:
        print("   <-", cited["title"], cited["url"])
for document in Passages().invoke(QUESTION):
    print("passage:", document.metadata["title"], document.metadata["start"], document.metadata["end"])
