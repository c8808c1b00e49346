"""The anthropic package: an answer, sentence by sentence, with the characters that it cites."""

import os

from anthropic import Anthropic

QUESTION = os.environ.get("QUESTION", "When was the lamp of the lighthouse lit for the first time?")
client = Anthropic(base_url=os.environ.get("RAG", "http://localhost:8000"), api_key="none")

with client.messages.stream(
    model=os.environ.get("MODEL", "rag/demo"), max_tokens=1000, messages=[{"role": "user", "content": QUESTION}]
) as stream:
    message = stream.get_final_message()
for block in message.content:
    print(block.text)
    for cited in block.citations or []:
        print("   <-", cited.document_title, cited.start_char_index, cited.end_char_index, cited.cited_text)
