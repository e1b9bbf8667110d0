using Bibind.Activities.Processes;
using Bibind.Functions.Commands;

NativeHeap.GiveBackLargeBuffers();
return await HostCommands.RunAsync(args);
