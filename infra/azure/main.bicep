// Bibind.Functions on Azure Functions. Build first with infra/azure/publish; see docs/deploying-to-azure.md.

@description('Begins the names of all resources: lowercase letters and digits.')
@minLength(3)
@maxLength(11)
param name string

param location string = resourceGroup().location

@description('FC1: Flex Consumption, paid by the call. EP1: Elastic Premium, always warm.')
@allowed(['FC1', 'EP1'])
param plan string = 'FC1'

@description('Tenants are reached as CODE.DOMAIN.')
param platformDomain string

@description('An S3 server for tenants\' objects and backups.')
param storageEndpoint string

@description('32 random bytes in base64: openssl rand -base64 32. Keep it: without it stored secrets cannot be read again.')
@secure()
param masterKey string

@description('The first operator\'s token: openssl rand -hex 32.')
@secure()
param operatorToken string

@description('What the Odoo console\'s webhook address ends with: openssl rand -hex 32.')
@secure()
param webhookToken string

@description('The server\'s administrator, who makes the control role once (docs/deploying-to-azure.md). It cannot be changed later.')
param databaseAdministrator string = 'bibind_admin'

@secure()
param databaseAdministratorPassword string

@description('The control role\'s: it owns the control database and nothing else.')
@secure()
param databasePassword string

@secure()
param storageAccessKey string

@secure()
param storageSecretKey string

var databaseUser = 'bibind'
var databaseName = 'bibind_control'
// Every queue of the declared functions, and its poison queue.
var queues = ['billing', 'billing-poison', 'pump', 'pump-poison']

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: '${name}functions'
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    allowBlobPublicAccess: false
    supportsHttpsTrafficOnly: true
  }
}

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: storage
  name: 'default'
}

// Where the package is that a Flex Consumption app runs from.
resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobService
  name: 'packages'
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: storage
  name: 'default'
}

resource messageQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = [for queue in queues: {
  parent: queueService
  name: queue
}]

resource database 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' = {
  name: '${name}-control'
  location: location
  sku: {
    name: 'Standard_B2s'
    tier: 'Burstable'
  }
  properties: {
    version: '16'
    administratorLogin: databaseAdministrator
    administratorLoginPassword: databaseAdministratorPassword
    storage: { storageSizeGB: 32 }
    backup: { backupRetentionDays: 14 }
  }
}

resource controlDatabase 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2024-08-01' = {
  parent: database
  name: databaseName
}

// Without a virtual network the app comes from an address of Azure's; TLS and the password protect the way.
resource fromAzure 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2024-08-01' = {
  parent: database
  name: 'azure'
  properties: {
    startIpAddress: '0.0.0.0'
    endIpAddress: '0.0.0.0'
  }
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: '${name}-secrets'
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enablePurgeProtection: true
  }
}

resource controlDatabaseSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'control-database'
  properties: {
    value: 'Host=${database.properties.fullyQualifiedDomainName};Database=${databaseName};Username=${databaseUser};Password="${replace(databasePassword, '"', '""')}";SSL Mode=VerifyFull;Maximum Pool Size=20'
  }
}

resource masterKeySecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'master-key'
  properties: { value: masterKey }
}

resource operatorTokenSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'operator-token'
  properties: { value: operatorToken }
}

resource webhookTokenSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'webhook-token'
  properties: { value: webhookToken }
}

resource storageAccessKeySecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'storage-access-key'
  properties: { value: storageAccessKey }
}

resource storageSecretKeySecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'storage-secret-key'
  properties: { value: storageSecretKey }
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-functions'
  location: location
}

// Key Vault Secrets User.
var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'

resource mayReadSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, identity.id, secretsUser)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}

// What the Functions host and the functions do with the account: leases, keys and packages in blobs, messages in queues, and
// the host's own diagnostics in tables. Blob Data Owner, Queue Data Contributor, Table Data Contributor.
var storageRoles = [
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
]

resource mayUseStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in storageRoles: {
  scope: storage
  name: guid(storage.id, identity.id, role)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]

resource servicePlan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: '${name}-plan'
  location: location
  kind: plan == 'FC1' ? 'functionapp' : 'elastic'
  sku: {
    name: plan
    tier: plan == 'FC1' ? 'FlexConsumption' : 'ElasticPremium'
  }
  properties: { reserved: true }
}

var settings = [
  { name: 'AzureWebJobsStorage__accountName', value: storage.name }
  { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
  { name: 'AzureWebJobsStorage__clientId', value: identity.properties.clientId }
  { name: 'AzureWebJobsDisableHomepage', value: 'true' }
  { name: 'Queues__AzureStorage__ServiceUri', value: storage.properties.primaryEndpoints.queue }
  { name: 'Queues__AzureStorage__ClientId', value: identity.properties.clientId }
  { name: 'Queues__CreateQueues', value: 'false' }
  { name: 'ControlDatabase', value: '@Microsoft.KeyVault(SecretUri=${controlDatabaseSecret.properties.secretUri})' }
  { name: 'Secrets__MasterKey', value: '@Microsoft.KeyVault(SecretUri=${masterKeySecret.properties.secretUri})' }
  { name: 'Auth__Tokens__0__Name', value: 'operator' }
  { name: 'Auth__Tokens__0__Role', value: 'admin' }
  { name: 'Auth__Tokens__0__Token', value: '@Microsoft.KeyVault(SecretUri=${operatorTokenSecret.properties.secretUri})' }
  { name: 'OdooWebhooks__0__Name', value: 'console' }
  { name: 'OdooWebhooks__0__Token', value: '@Microsoft.KeyVault(SecretUri=${webhookTokenSecret.properties.secretUri})' }
  { name: 'Platform__Domain', value: platformDomain }
  { name: 'Storage__Provider', value: 's3' }
  { name: 'Storage__S3__Endpoint', value: storageEndpoint }
  { name: 'Storage__S3__AccessKey', value: '@Microsoft.KeyVault(SecretUri=${storageAccessKeySecret.properties.secretUri})' }
  { name: 'Storage__S3__SecretKey', value: '@Microsoft.KeyVault(SecretUri=${storageSecretKeySecret.properties.secretUri})' }
  // There is no pg_dump in a function: a self-hosted worker on the same control database takes backups.
  { name: 'Pump__LeftToWorkers', value: 'backup.take, backup.restore, backup.verify' }
  { name: 'Pump__Limit', value: '00:04:00' }
]

// Flex Consumption refuses these: it has functionAppConfig instead.
var premiumSettings = [
  { name: 'FUNCTIONS_EXTENSION_VERSION', value: '~4' }
  { name: 'FUNCTIONS_WORKER_RUNTIME', value: 'dotnet-isolated' }
  { name: 'WEBSITE_RUN_FROM_PACKAGE', value: '1' }
]

resource functions 'Microsoft.Web/sites@2024-04-01' = {
  name: '${name}-functions'
  location: location
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: servicePlan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id
    functionAppConfig: plan == 'FC1'
      ? {
          runtime: {
            name: 'dotnet-isolated'
            version: '10.0'
          }
          deployment: {
            storage: {
              type: 'blobContainer'
              value: '${storage.properties.primaryEndpoints.blob}${packages.name}'
              authentication: {
                type: 'UserAssignedIdentity'
                userAssignedIdentityResourceId: identity.id
              }
            }
          }
          scaleAndConcurrency: {
            instanceMemoryMB: 2048
            maximumInstanceCount: 40
          }
        }
      : null
    siteConfig: {
      linuxFxVersion: plan == 'FC1' ? null : 'DOTNET-ISOLATED|10.0'
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      appSettings: plan == 'FC1' ? settings : concat(settings, premiumSettings)
    }
  }
  dependsOn: [mayReadSecrets, mayUseStorage, messageQueues, controlDatabase, fromAzure]
}

@description('Where the API answers.')
output api string = 'https://${functions.properties.defaultHostName}'
