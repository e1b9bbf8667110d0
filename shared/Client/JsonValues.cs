// The document calls a value that may be anything after the type that the host has for it; here it is one that may be null, too.
global using JsonElement = System.Text.Json.Nodes.JsonNode;
