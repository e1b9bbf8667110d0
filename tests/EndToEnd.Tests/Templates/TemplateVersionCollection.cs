namespace Bibind.EndToEnd.Tests.Templates;

/// <summary>One after the other: each has an installation of its own, and all name the databases of templates alike on one PostgreSQL.</summary>
[CollectionDefinition(Name)]
public sealed class TemplateVersionCollection
{
    public const string Name = "versions of templates";
}
