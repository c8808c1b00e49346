// Swagger UI on this server's own description. Without `validatorUrl: null` it shows a badge from another host.

SwaggerUIBundle({ url: "openapi.json", dom_id: "#operations", validatorUrl: null, deepLinking: true, docExpansion: "list" });
