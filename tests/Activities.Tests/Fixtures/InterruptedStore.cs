using System.Reflection;
using Bibind.Activities.Storage;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>A store in which something happens just before a certain call goes through.</summary>
public class InterruptedStore : DispatchProxy
{
    private IObjectStore _store = null!;
    private string _method = string.Empty;
    private int _call;
    private Func<Task> _happens = null!;

    /// <summary>Wraps a store.</summary>
    /// <param name="store">What every call goes to.</param>
    /// <param name="method">The calls that are counted: <c>PutAsync</c> or <c>ListAsync</c>.</param>
    /// <param name="call">Before which of them, from 1.</param>
    /// <param name="happens">What happens; the call fails if it throws.</param>
    internal static IObjectStore Of(IObjectStore store, string method, int call, Func<Task> happens)
    {
        var proxy = Create<IObjectStore, InterruptedStore>();
        var it = (InterruptedStore)(object)proxy;
        (it._store, it._method, it._call, it._happens) = (store, method, call, happens);
        return proxy;
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        targetMethod!.Name != _method || Interlocked.Decrement(ref _call) != 0 ? targetMethod.Invoke(_store, args)
        : targetMethod.ReturnType == typeof(Task<long>) ? AfterAsync<long>(targetMethod, args)
        : AfterAsync<ObjectPage>(targetMethod, args);

    private async Task<T> AfterAsync<T>(MethodInfo method, object?[]? args)
    {
        await _happens();
        return await (Task<T>)method.Invoke(_store, args)!;
    }
}
