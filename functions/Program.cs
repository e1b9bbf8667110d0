using Bibind.Activities.Processes;
using Bibind.Functions;

NativeHeap.GiveBackLargeBuffers();
return HostCommands.AreAskedFor(args) ? await HostCommands.RunAsync(args) : await FunctionsHost.RunAsync(args);
