namespace Bibind.Durable.Hubs;

/// <summary>
/// The store: instances, append-only history, messages, activity work. Who needs a part of it asks for that part.
/// </summary>
public interface ITaskHub : IHubManagement, IWorkSource, ITurnStore, IAsyncDisposable;
