using Bibind.Activities.Processes;
using Bibind.Functions;
using Bibind.Functions.Hosts;
using Bibind.Functions.Queues;
using Bibind.Functions.Roles;

NativeHeap.GiveBackLargeBuffers();
return args switch
{
    [FunctionManifest.Command, .. var rest] => await FunctionManifest.RunAsync(rest),
    [PoisonCommand.Command, .. var rest] => await PoisonCommand.RunAsync(rest, Console.Out, Console.Error, CancellationToken.None),
    [RolesCommand.Command, .. var rest] => await RolesCommand.RunAsync(rest, Console.Out, Console.Error, CancellationToken.None),
    _ => await FunctionsHost.RunAsync(args),
};
