using System.Reflection;

namespace Bibind.CrashHost;

/// <summary>A service before one of whose calls the process is stopped.</summary>
public class StoppedCalls : DispatchProxy
{
    private object _service = null!;
    private Action<string> _before = null!;

    /// <summary>Stands before a service.</summary>
    /// <param name="service">The service.</param>
    /// <param name="type">The interface by which it is known.</param>
    /// <param name="before">Told of each call, such as <c>IObjectStore.PutAsync</c>.</param>
    public static object Of(object service, Type type, Action<string> before)
    {
        var proxy = (StoppedCalls)Create(type, typeof(StoppedCalls));
        (proxy._service, proxy._before) = (service, before);
        return proxy;
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        ArgumentNullException.ThrowIfNull(targetMethod);
        _before($"{targetMethod.DeclaringType!.Name}.{targetMethod.Name}");
        return targetMethod.Invoke(_service, BindingFlags.DoNotWrapExceptions, null, args, null);
    }
}
