namespace Bibind.Activities.Certificates.Acme;

/// <summary>The order, or one of its authorizations, ended before this attempt proved anything: only a new order helps.</summary>
internal sealed class StaleOrderException(string message) : Exception(message);
