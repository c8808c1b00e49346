"""The openai package: an answer of both interfaces, with the addresses of the places that it cites."""

import os

from openai import OpenAI

QUESTION = os.environ.get("QUESTION", "When was the lamp of the lighthouse lit for the first time?")
client = OpenAI(base_url=os.environ.get("RAG", "http://localhost:8000") + "/v1", api_key="none")
model = os.environ.get("MODEL", "rag/demo")

message = (
    client.chat.completions.create(model=model, messages=[{"role": "user", "content": QUESTION}]).choices[0].message
)
print(message.content)
for annotation in message.annotations or []:
    print("   <-", annotation.url_citation.title, annotation.url_citation.url)

response = client.responses.create(model=model, input=QUESTION)
print(response.output_text)
for cited in response.output[0].content[0].annotations:
    print("   <-", cited.title, cited.url)
