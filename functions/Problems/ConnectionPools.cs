using Npgsql;

namespace Bibind.Functions.Problems;

/// <summary>The connections to the control database that this process keeps: those of its own statements and those of the task hub.</summary>
/// <param name="control">The pool of the control plane.</param>
/// <param name="hub">The pool of the task hub, which plans its statements differently.</param>
public sealed class ConnectionPools(NpgsqlDataSource control, [FromKeyedServices(ConnectionPools.Hub)] NpgsqlDataSource hub)
{
    /// <summary>The hub's pool among the services.</summary>
    public const string Hub = "task-hub";

    /// <summary>
    /// Closes what lies idle. Where one connection ended unnoticed (PostgreSQL restarted, this process was frozen) the
    /// others did as well, and each would fail whoever gets it.
    /// </summary>
    public void ClearIdle()
    {
        control.Clear();
        hub.Clear();
    }
}
